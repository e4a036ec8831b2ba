// One command from its arguments to its exit status. Everything it touches of the process is passed in, so that a test runs it as it is.
import type { Readable } from 'node:stream'
import { CodedError, codeOf } from '../../core/errors.ts'
import { toWire } from '../contract/wire-error.ts'
import type { EngineOptions } from '../engine/options.ts'
import type { Clock } from '../../core/clock.ts'
import { type Common, parseArgs, type Request } from './args.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { errorLine } from './json-lines.ts'
import { runShortCommand } from './short-commands.ts'
import { get } from './get.ts'
import { readPipedLink } from './piped-link.ts'
import { Output, type Sink } from './output.ts'
import { serve } from './serve.ts'
import { offerRepair, repair } from './repair.ts'
import { openSession, type Session, type SessionOptions } from './session.ts'
import { share } from './share.ts'
import type { Task } from './task.ts'

const MAX_HOLDERS = 5 // how often a command goes on with the next holder when one ends

const DIAL_GRACE_MS = 3_000

export interface World {
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly version: string
  readonly stdin: Readable
  readonly stdout: Sink
  readonly stderr: Sink
  readonly clock: Clock
  /** Aborted by Ctrl-C, with `cancelled` as the reason. */
  readonly interrupt: AbortSignal
  /** The engine's thread; only tests name another. */
  readonly entry?: URL
}

/** The exit status. Never rejects. */
export async function run(world: World): Promise<number> {
  const isJson = world.args.includes('--json')
  const out = new Output(isJson, world.stdout, world.stderr, world.clock)
  try {
    const command = parseArgs(world.args, world)
    if (command.name === 'told') {
      world.stdout.write(command.text)
      return 0
    }
    if (command.name === 'repair') return repair(command.dataDir, out)
    return await performOrRepair(await withPipedLink(command, world), world, out)
  } catch (error) {
    const { code, message } = toWire(error)
    out.line(errorLine(code, message))
    out.note(`shoal: ${message}`)
    return EXIT_CODES[code]
  }
}

async function withPipedLink(command: NodeCommand, { stdin, interrupt }: World): Promise<NodeCommand> {
  if (command.name !== 'get' || command.link !== '-') return command
  return { ...command, link: await readPipedLink(stdin, interrupt) }
}

/** A command that needs a node. */
type NodeCommand = Common & Exclude<Request, { name: 'repair' }>

async function performOrRepair(command: NodeCommand, world: World, out: Output): Promise<number> {
  try {
    return await perform(command, world, out)
  } catch (error) {
    const mayAsk =
      codeOf(error) === 'data-damaged' && !command.json && isTerminal(world.stdin) && isTerminal(world.stderr)
    if (!mayAsk || !(await offerRepair(command.dataDir, out, world))) throw error
    return await perform(command, world, out)
  }
}

const isTerminal = (stream: object): boolean => 'isTTY' in stream && stream.isTTY === true

async function perform(command: NodeCommand, world: World, out: Output): Promise<number> {
  for (let holders = 1; ; holders++) {
    await using session = await openSession(sessionOptions(command, world), world.interrupt)
    try {
      const dialled = session.isHolder ? [] : await passOn(command, session)
      const status = await dispatch({ command, out, session, interrupt: world.interrupt })
      await settled(dialled, world)
      return status
    } catch (error) {
      const mayRepeat = command.name !== 'remove' && holders < MAX_HOLDERS && !world.interrupt.aborted
      if (!session.isLost() || !mayRepeat) throw error
    }
  }
}

function dispatch(task: Task<NodeCommand>): Promise<number> {
  const { command } = task
  switch (command.name) {
    case 'share':
      return share({ ...task, command })
    case 'get':
      return get({ ...task, command })
    case 'serve':
      return serve({ ...task, command })
    case 'ls':
    case 'peers':
    case 'transfers':
    case 'info':
    case 'remove':
    case 'verify':
      return runShortCommand({ ...task, command })
    default:
      throw new Error(command satisfies never)
  }
}

const movesBytes = (command: NodeCommand): boolean => ['share', 'get', 'serve'].includes(command.name)
/**
 * Commands that only ask need no node of their own: with nobody running there is nobody to meet. `verify` may take hours, in which the others want
 * an answer from whoever holds the directory.
 */
const isQuick = (command: NodeCommand): boolean => !movesBytes(command) && command.name !== 'verify'

function sessionOptions(command: NodeCommand, { version, entry }: World): SessionOptions {
  const engine: EngineOptions = {
    dataDir: command.dataDir,
    version,
    offline: isQuick(command),
    network: command.network,
    listen: command.listen,
    peers: command.peers,
    bootstrap: command.bootstrap,
    limits: command.limits,
    folders: command.name === 'serve' ? command.folders : []
  }
  const ui = command.name === 'serve' ? { ui: { port: command.port } } : {}
  return { engine, ...ui, ...(entry && { entry }) }
}

/**
 * What was asked of this process is asked of the running one: peers and limits are passed on; another network or other addresses it cannot have.
 * A mode from the environment counts where bytes move, so that nothing goes further than this shell allows; a question is answered all the same.
 */
async function passOn(command: NodeCommand, { client }: Session): Promise<Promise<unknown>[]> {
  const info = await client.node.info({})
  const wantsNetwork = command.isNetworkFlag || movesBytes(command) ? command.network : null
  if (wantsNetwork != null && wantsNetwork !== info.network)
    throw running(`with --network ${info.network}. Leave out ${command.isNetworkFlag ? '--network' : 'SHOAL_NETWORK'}`)
  if (command.listen.some(addr => !info.listen.includes(addr)))
    throw running('and listens on other addresses. Leave out --listen')
  if (Object.values(command.limits).some(limit => limit != null)) await client.limits.set(command.limits)
  return command.peers.map(addr => client.node.dial({ addr }).catch(() => {})) // who is not there now is no fault of this command
}

/** A command that ends at once would take its dials back. */
async function settled(dialled: Promise<unknown>[], { clock, interrupt }: World): Promise<void> {
  if (dialled.length === 0 || interrupt.aborted) return
  const late = Promise.withResolvers<void>()
  const cancel = clock.after(DIAL_GRACE_MS, late.resolve)
  await Promise.race([Promise.allSettled(dialled), late.promise])
  cancel()
}

const running = (how: string): CodedError =>
  new CodedError('already-running', `Shoal is already running on this data directory ${how}, or stop it first.`)
