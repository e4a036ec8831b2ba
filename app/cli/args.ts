// The command line as a typed value. Commander only splits; what is wrong is one sentence with the code `usage`.
import path from 'node:path'
import { Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander'
import { parseRoot, rootText } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import { MANY_FILES, MAX_LINK_CHARS } from '../contract/limits.ts'
import { type Limits, NetworkMode } from '../contract/shapes.ts'
import { defaultDataDir, downloadsFolder } from './data-home.ts'

export interface Common {
  readonly json: boolean
  readonly dataDir: string
  /** From --network, else SHOAL_NETWORK; null: the saved choice. */
  readonly network: NetworkMode | null
  /** Whether --network itself was given. */
  readonly isNetworkFlag: boolean
  readonly listen: readonly string[]
  readonly peers: readonly string[]
  readonly bootstrap: readonly string[] | null
  readonly limits: Limits
}
export type Request =
  | { readonly name: 'share'; readonly paths: readonly string[]; readonly skipUnreadable: boolean }
  | {
      readonly name: 'get'
      /** As it was given: a link, or a share file seen from `cwd`. */
      readonly link: string
      readonly cwd: string
      readonly directory: string
      readonly giveUpAfterMs: number
      readonly manyFiles: boolean
    }
  | {
      readonly name: 'serve'
      readonly port: number | null
      readonly folders: readonly string[]
      readonly open: boolean
    }
  | { readonly name: 'ls' | 'peers' | 'transfers' | 'info' }
  | { readonly name: 'repair' }
  | { readonly name: 'remove' | 'verify'; readonly root: string }
export type Command = Common & Request
/** Help or the version was asked for: text for stdout, exit 0. */
export interface Told {
  readonly name: 'told'
  readonly text: string
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly version: string
}

const COMMANDS: readonly string[] = 'share get serve ls peers transfers info remove verify repair help'.split(' ')
/** Options for all commands that have a value. */
export const WITH_VALUE: ReadonlySet<string> = new Set(
  '--data --network --listen --peer --bootstrap --upload-limit --download-limit --reserve'.split(' ')
)

/**
 * The arguments of a command, where something else might be meant: a link, a share file, switches of Chromium's. Undefined: it is none. A launcher may put
 * switches and `--` before it.
 */
export function findCommand(args: readonly string[]): readonly string[] | undefined {
  if (isCommand(args)) return args
  const behind = args.slice(args.indexOf('--') + 1)
  return isCommand(behind) ? behind : undefined
}

function isCommand(args: readonly string[]): boolean {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (COMMANDS.includes(arg) || arg === '--help' || arg === '--version') return true
    if (!arg.startsWith('-') || arg === '--') return false
    if (WITH_VALUE.has(arg)) at++
  }
  return false
}

const MAX_TIMEOUT_S = 2_147_483 // what a timer holds

const many = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]
const addrs = (value: string, before: string[] | undefined): string[] => {
  if (!value.startsWith('/')) throw new InvalidArgumentError('An address looks like /ip4/127.0.0.1/tcp/4001.')
  return many(value, before)
}
const whole =
  (max: number) =>
  (value: string): number => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number > max) throw new InvalidArgumentError(`It must be a whole number up to ${max}.`)
    return number
  }
const seconds = (value: string): number => {
  const number = Number(value)
  if (!/^\d+(\.\d+)?$/.test(value) || number > MAX_TIMEOUT_S)
    throw new InvalidArgumentError(`It must be a number of seconds up to ${MAX_TIMEOUT_S}.`)
  return number
}
/** What was given as a link; what it names is the engine's to find out. Throws `invalid-link` when it is empty or too long. */
export function linkText(text: string): string {
  if (text.trim() !== '' && text.length <= MAX_LINK_CHARS) return text
  throw new CodedError('invalid-link', text.trim() === '' ? 'The link is empty.' : 'The link is too long.')
}
const canonical = (root: string): string => rootText(parseRoot(root))
const bytes = whole(Number.MAX_SAFE_INTEGER)

interface Flags {
  json?: true
  data?: string
  network?: NetworkMode
  listen?: string[]
  peer?: string[]
  bootstrap?: string[]
  uploadLimit?: number
  downloadLimit?: number
  reserve?: number
}

/** Throws usage; invalid-link and unsupported-cid for a ROOT that is none. `args` without the program's own name. */
export function parseArgs(args: readonly string[], around: Surroundings): Command | Told {
  let asked: Request | undefined
  let text = ''
  const absolute = (given: string): string => path.resolve(around.cwd, given)
  const program = programOf(around.version, out => (text += out))
  addCommands(program, around.cwd, absolute, made => (asked = made))
  for (const command of program.commands) command.exitOverride()
  try {
    program.parse([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { name: 'told', text }
    throw new CodedError('usage', sentence(error.message))
  }
  if (asked == null) throw new CodedError('usage', 'No command given; see --help.')
  return { ...asked, ...common(program.opts(), around, absolute) }
}

/** With the options that every command has. */
function programOf(version: string, writeOut: (text: string) => void): Commander {
  return new Commander('shoal')
    .description('Share files of any size, directly between computers.')
    .usage('COMMAND [OPTIONS]')
    .version(version, '--version', 'print the version')
    .option('--data <DIR>', 'where Shoal keeps its identity, database and settings')
    .addOption(new Option('--network <MODE>', 'how far it may connect').choices(NetworkMode.options))
    .option('--listen <MULTIADDR>', 'listen on this address (repeatable)', addrs)
    .option('--peer <MULTIADDR>', 'connect to this peer at start (repeatable)', addrs)
    .option('--bootstrap <MULTIADDR>', 'use these instead of the public bootstrap peers (repeatable)', addrs)
    .option('--upload-limit <B>', 'upload limit for this run, in bytes per second; 0: none', bytes)
    .option('--download-limit <B>', 'download limit for this run, in bytes per second; 0: none', bytes)
    .option('--reserve <B>', 'bytes to keep free on the disk', bytes)
    .option('--json', 'print one JSON object per line on stdout')
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .action(() => {
      throw new CodedError('usage', 'No command given. The commands are share, get, serve, ls, peers, transfers, remove, verify, repair and info; see --help.') // prettier-ignore
    })
}

/** @param request called with what was asked for */
function addCommands(
  program: Commander,
  cwd: string,
  absolute: (given: string) => string,
  request: (made: Request) => void
): void {
  program
    .command('share')
    .description('print a link for files and folders, and share them until Ctrl-C')
    .argument('<paths...>', 'files and folders to share')
    .option('--skip-unreadable', 'skip files that cannot be read')
    .action((paths: string[], own: { skipUnreadable?: true }) =>
      request({ name: 'share', paths: paths.map(absolute), skipUnreadable: own.skipUnreadable === true })
    )
  program
    .command('get')
    .description('download from a link, verify, exit')
    .argument('<link>', 'a shoal: link, a .shoal file, or - to read the link from standard input')
    .option('-o, --output <DIR>', 'folder to save to (default: the current one)', '.')
    .option('--timeout <S>', 'give up when nobody could send anything that is missing for S seconds', seconds, 60)
    .option('--many-files', `download also more than ${MANY_FILES.toLocaleString('en')} files and folders`)
    .action((text: string, own: { output: string; timeout: number; manyFiles?: true }) =>
      request({
        name: 'get',
        link: linkText(text),
        cwd,
        directory: absolute(own.output),
        giveUpAfterMs: Math.round(own.timeout * 1000),
        manyFiles: own.manyFiles === true
      })
    )
  program
    .command('serve')
    .description('run without a window, with a page for the browser')
    .option('--port <N>', 'port of the page (default: 4801, else a free one)', whole(65_535))
    .option('--folder <DIR>', 'folder the page may share from and save to (repeatable; default: Downloads)', many)
    .option('--no-open', 'do not open a browser')
    .action((own: { port?: number; folder?: string[]; open: boolean }) =>
      request({
        name: 'serve',
        port: own.port ?? null,
        folders: own.folder?.map(absolute) ?? [downloadsFolder()],
        open: own.open
      })
    )
  for (const [name, description] of Object.entries(BARE))
    program.command(name).description(description).action(() => request({ name: name as keyof typeof BARE })) // prettier-ignore
  program.command('remove').description('stop sharing; your files are kept').argument('<root>').action((root: string) => request({ name: 'remove', root: canonical(root) })) // prettier-ignore
  program.command('verify').description('check the files of a share').argument('<root>').action((root: string) => request({ name: 'verify', root: canonical(root) })) // prettier-ignore
}

/** Commands that take nothing. */
const BARE = {
  ls: 'list shares',
  peers: 'list connected peers',
  transfers: 'list downloads',
  info: 'show version, name, addresses and data directory',
  repair: 'check the index, and make a new one if it is damaged'
}

function common(flags: Flags, { env }: Surroundings, absolute: (given: string) => string): Common {
  const fromEnv = env.SHOAL_NETWORK ? NetworkMode.safeParse(env.SHOAL_NETWORK) : undefined
  if (flags.network == null && fromEnv?.success === false)
    throw new CodedError('usage', `SHOAL_NETWORK is one of ${NetworkMode.options.join(', ')}.`)
  const given = flags.data ?? (env.SHOAL_DATA || undefined)
  return {
    json: flags.json === true,
    dataDir: absolute(given ?? defaultDataDir(env)),
    network: flags.network ?? fromEnv?.data ?? null,
    isNetworkFlag: flags.network != null,
    listen: flags.listen ?? [],
    peers: flags.peer ?? [],
    bootstrap: flags.bootstrap ?? null,
    limits: {
      uploadBytesPerSecond: flags.uploadLimit ?? null,
      downloadBytesPerSecond: flags.downloadLimit ?? null,
      reserveBytes: flags.reserve ?? null
    }
  }
}

/** "error: unknown option '--x'" as a sentence of ours. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, '').replace(/\n[\s\S]*$/, '')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!)]$/.test(text) ? '' : '.'} See --help.`
}
