// What the program was started with: our own options as the command line knows them, and what is to be opened. Everything else on a desktop program's
// command line is Chromium's and none of our business.
import { type Common, parseArgs, type Surroundings, WITH_VALUE } from '../app/cli/args.ts'
import { CodedError } from '../core/errors.ts'

const hasValue = (name: string): boolean => WITH_VALUE.has(name) || name === '--folder'

export interface Start extends Common {
  /** Absolute; empty: the system's own place for downloads. */
  readonly folders: readonly string[]
  /** Started with the session: no window until somebody asks for one. */
  readonly isHidden: boolean
  /** Links and share files, as they were written. */
  readonly opened: readonly string[]
}

/** `args` without the program and, from a checkout, without the application's folder. Throws usage. */
export function parseStart(args: readonly string[], around: Surroundings): Start {
  const { ours, opened, isHidden } = split(args)
  const command = parseArgs(['serve', ...ours], around)
  if (command.name !== 'serve') throw new CodedError('usage', 'Nothing else can be asked of the window.')
  const isNamed = ours.some(arg => arg === '--folder' || arg.startsWith('--folder='))
  return { ...command, folders: isNamed ? command.folders : [], isHidden, opened }
}

function split(args: readonly string[]): { ours: string[]; opened: string[]; isHidden: boolean } {
  const ours: string[] = []
  const opened: string[] = []
  const rest = [...args]
  for (let arg = rest.shift(); arg != null; arg = rest.shift()) {
    const [name = ''] = arg.split('=', 1)
    if (!arg.startsWith('-')) opened.push(arg)
    else if (arg === '--') opened.push(...rest.splice(0))
    else if (hasValue(name)) ours.push(arg, ...(arg === name ? rest.splice(0, 1) : []))
  }
  return { ours, opened, isHidden: args.includes('--hidden') }
}
