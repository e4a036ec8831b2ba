// The command line as a typed value. Commander only splits; what is wrong is one sentence with the code `usage`.
import path from 'node:path'
import { Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander'
import { parseRoot, rootText } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import { MAX_LINK_CHARS } from '../contract/limits.ts'
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
    }
  | {
      readonly name: 'serve'
      readonly port: number | null
      readonly folders: readonly string[]
      readonly open: boolean
    }
  | { readonly name: 'ls' | 'peers' | 'transfers' | 'info' }
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

const COMMANDS: readonly string[] = 'share get serve ls peers transfers info remove verify help'.split(' ')
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
    if (!/^\d+$/.test(value) || number > max) throw new InvalidArgumentError(`It is a whole number up to ${max}.`)
    return number
  }
const seconds = (value: string): number => {
  const number = Number(value)
  if (!/^\d+(\.\d+)?$/.test(value) || number > MAX_TIMEOUT_S)
    throw new InvalidArgumentError(`It is a number of seconds up to ${MAX_TIMEOUT_S}.`)
  return number
}
/** What it names is the engine's to find out. */
function linkText(text: string): string {
  if (text.trim() !== '' && text.length <= MAX_LINK_CHARS) return text
  throw new CodedError(
    'invalid-link',
    text.trim() === '' ? 'The link is empty.' : 'This is longer than any link can be.'
  )
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
  const program = new Commander('shoal')
  const request = (made: Request): void => {
    asked = made
  }
  program
    .description('Share files of any size, directly between computers.')
    .usage('COMMAND [OPTIONS]')
    .version(around.version, '--version', 'print the version')
    .option('--data <DIR>', 'identity, database, settings')
    .addOption(new Option('--network <MODE>', 'how far it may reach').choices(NetworkMode.options))
    .option('--listen <MULTIADDR>', 'where to listen (repeatable)', addrs)
    .option('--peer <MULTIADDR>', 'dial this peer at start (repeatable)', addrs)
    .option('--bootstrap <MULTIADDR>', 'replaces the public bootstrap peers (repeatable)', addrs)
    .option('--upload-limit <B>', 'bytes per second for this run, 0 = none', bytes)
    .option('--download-limit <B>', 'bytes per second for this run, 0 = none', bytes)
    .option('--reserve <B>', 'disk space to leave free', bytes)
    .option('--json', 'one JSON object per line on stdout')
    .exitOverride()
    .configureOutput({ writeOut: out => (text += out), writeErr: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .action(() => {
      throw new CodedError('usage', 'Say what to do: share, get, serve, ls, peers, transfers, remove, verify or info. --help tells more.') // prettier-ignore
    })
  const absolute = (given: string): string => path.resolve(around.cwd, given)
  program
    .command('share')
    .description('index, print the link, keep serving until Ctrl-C')
    .argument('<paths...>', 'files and folders')
    .option('--skip-unreadable', 'leave out what cannot be read')
    .action((paths: string[], own: { skipUnreadable?: true }) =>
      request({ name: 'share', paths: paths.map(absolute), skipUnreadable: own.skipUnreadable === true })
    )
  program
    .command('get')
    .description('download, verify, exit')
    .argument('<link>', 'a shoal: link, or a .shoal file')
    .option('-o, --output <DIR>', 'where to (default: here)', '.')
    .option('--timeout <S>', 'give up when for S seconds nobody could send anything still missing', seconds, 60)
    .action((text: string, own: { output: string; timeout: number }) =>
      request({
        name: 'get',
        link: linkText(text),
        cwd: around.cwd,
        directory: absolute(own.output),
        giveUpAfterMs: Math.round(own.timeout * 1000)
      })
    )
  program
    .command('serve')
    .description('headless node with the web UI')
    .option('--port <N>', 'of the UI (default: 4801, else a free one)', whole(65_535))
    .option('--folder <DIR>', 'a browser may share from and save to (repeatable; default: Downloads)', many)
    .option('--no-open', 'do not open a browser')
    .action((own: { port?: number; folder?: string[]; open: boolean }) =>
      request({
        name: 'serve',
        port: own.port ?? null,
        folders: own.folder?.map(absolute) ?? [downloadsFolder()],
        open: own.open
      })
    )
  const asks = { ls: 'what is shared', peers: 'who is connected', transfers: 'what is being fetched', info: 'who am I' }
  for (const [name, description] of Object.entries(asks))
    program.command(name).description(description).action(() => request({ name: name as keyof typeof asks })) // prettier-ignore
  program.command('remove').description('forget a share; your files stay').argument('<root>').action((root: string) => request({ name: 'remove', root: canonical(root) })) // prettier-ignore
  program.command('verify').description('read a share again and compare').argument('<root>').action((root: string) => request({ name: 'verify', root: canonical(root) })) // prettier-ignore
  for (const command of program.commands) command.exitOverride()

  try {
    program.parse([...args], { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.exitCode === 0) return { name: 'told', text }
    throw new CodedError('usage', sentence(thrown.message))
  }
  if (asked == null) throw new CodedError('usage', 'Say what to do; --help tells more.')
  return { ...asked, ...common(program.opts(), around, absolute) }
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
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!)]$/.test(text) ? '' : '.'} --help tells more.`
}
