// A command's way to the application: through the process that holds the data directory, or by becoming that process. Several commands may start at once and
// holders may end at any moment, so both are tried in turn until one works.
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { CodedError } from '../../core/errors.ts'
import { type Client, openClient } from '../engine/client.ts'
import type { EngineOptions } from '../engine/options.ts'
import { openHost } from '../host/host.ts'
import { readRunFile, type RunFile } from '../host/run-file.ts'
import { PROTOCOL } from '../host/server.ts'

const DEADLINE_MS = 20_000 // an engine starts in one; a short command holds the directory for less
const RETRY_MS = 50
const HANDSHAKE_MS = 5_000

export interface SessionOptions {
  readonly engine: EngineOptions
  /** With a page for a browser. */
  readonly ui?: { readonly port: number | null }
  /** The engine's thread; only tests name another. */
  readonly entry?: URL
}

export interface Session extends AsyncDisposable {
  readonly client: Client
  /** Whether this process holds the directory; when not, a holder answers. */
  readonly isHolder: boolean
  readonly uiUrl: string | null
  /** The connection to the holder ended: what was asked of it may be asked of the next one. */
  readonly isLost: () => boolean
  /** Settles when the engine or the connection is over; the fault, or undefined when it was ended by us. */
  readonly ended: Promise<CodedError | undefined>
}

/** Throws already-running when somebody holds the directory and never answers, and whatever the start of an engine throws. */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const held = await hold(options, signal)
    if (!(held instanceof CodedError)) return held
    const run = readRunFile(options.engine.dataDir)
    const joined = run && (await join(run, signal))
    if (joined != null) return joined
    if (performance.now() > deadline) {
      const sentence =
        'Another Shoal is using this data directory but does not respond. Wait for it to finish, or stop it.'
      throw new CodedError('already-running', sentence, { cause: held })
    }
    await delay(RETRY_MS, undefined, { signal })
  }
}

/** The session of the holder, or already-running. */
async function hold(options: SessionOptions, signal: AbortSignal): Promise<Session | CodedError> {
  try {
    const host = await openHost(options, signal)
    const { client, uiUrl, ended } = host
    const end = () => host[Symbol.asyncDispose]()
    return { client, isHolder: true, uiUrl, isLost: () => false, ended, [Symbol.asyncDispose]: end }
  } catch (error) {
    if (error instanceof CodedError && error.code === 'already-running') return error
    throw error
  }
}

/** Undefined when nobody answers there. */
async function join(run: RunFile, signal: AbortSignal): Promise<Session | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${run.port}/rpc`, [PROTOCOL, `token.${run.token}`], {
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false
  })
  const opened = Promise.withResolvers<boolean>()
  const end = Promise.withResolvers<CodedError | undefined>()
  const abandon = (): void => socket.terminate()
  let isOurs = false
  let isOver = false
  socket.on('open', () => opened.resolve(true))
  socket.on('error', () => opened.resolve(false)) // and 'close' follows
  socket.on('close', () => {
    isOver = true
    opened.resolve(false)
    end.resolve(isOurs ? undefined : new CodedError('internal', 'The running Shoal ended.'))
  })
  signal.addEventListener('abort', abandon, { once: true })
  const isOpen = await opened.promise
  signal.removeEventListener('abort', abandon)
  signal.throwIfAborted()
  if (!isOpen) return undefined
  return {
    client: openClient(socket as unknown as globalThis.WebSocket), // ws has the same members; its event types differ by name
    isHolder: false,
    uiUrl: run.ui,
    isLost: () => isOver && !isOurs,
    ended: end.promise,
    [Symbol.asyncDispose]: async () => {
      isOurs = true
      socket.close()
      const late = setTimeout(() => socket.terminate(), 1000)
      await end.promise
      clearTimeout(late)
    }
  }
}
