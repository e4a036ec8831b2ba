// The Chrome DevTools Protocol over --remote-debugging-pipe: Chromium reads commands from fd 3 and writes to fd 4, each
// message JSON ended by NUL. Chromium ends itself when the pipe closes, so it never outlives the stand-in.

import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Protocol } from '../../node_modules/playwright-core/types/protocol.d.ts'

export type { Protocol }
type Commands = Protocol.CommandParameters
type Results = Protocol.CommandReturnValues
type Events = Protocol.Events

interface Waiting {
  readonly method: string
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}
interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string; readonly code: number }
}

/** One attached target, or the browser itself. */
export class CdpSession {
  readonly events = new EventEmitter().setMaxListeners(0)
  readonly #send: (method: string, params: object) => Promise<unknown>
  constructor(send: (method: string, params: object) => Promise<unknown>) {
    this.#send = send
  }
  async send<M extends keyof Commands & keyof Results>(method: M, params?: Commands[M]): Promise<Results[M]> {
    // What Chromium answers is what its protocol file says.
    return (await this.#send(method, params ?? {})) as Results[M]
  }
  on<E extends keyof Events>(event: E, listener: (params: Events[E]) => void): void {
    this.events.on(event, listener)
  }
}

export interface Cdp {
  readonly process: ChildProcess
  readonly browser: CdpSession
  session(id: string): CdpSession
}

export interface CdpOptions {
  readonly executable: string
  readonly args: readonly string[]
  onStderr(line: string): void
  onExit(code: number | null): void
}

export function openCdp({ executable, args, onStderr, onExit }: CdpOptions): Cdp {
  const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
  // fd 3 was asked to be a pipe we write, fd 4 one we read.
  const commands = child.stdio[3] as Writable
  const messages = child.stdio[4] as Readable
  const waiting = new Map<number, Waiting>()
  const sessions = new Map<string, CdpSession>()
  let last = 0

  const sendTo = (sessionId?: string) => (method: string, params: object) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++last
      waiting.set(id, { method, resolve, reject })
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  const browser = new CdpSession(sendTo())
  const session = (id: string): CdpSession => {
    const known = sessions.get(id) ?? new CdpSession(sendTo(id))
    sessions.set(id, known)
    return known
  }

  const receive = ({ id, sessionId, method, params, result, error }: Message): void => {
    if (id == null) {
      const target = sessionId == null ? browser : session(sessionId)
      target.events.emit(method ?? '', params)
      return
    }
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error == null) asked?.resolve(result)
    else asked?.reject(Object.assign(new Error(`${asked.method}: ${error.message}`), { code: error.code }))
  }

  commands.on('error', () => {}) // a broken pipe: the exit below tells
  messages.on('error', () => {})
  const parts: Buffer[] = []
  messages.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, from)) {
      parts.push(chunk.subarray(from, end))
      from = end + 1
      receive(JSON.parse(Buffer.concat(parts.splice(0)).toString('utf8')) as Message) // Chromium's own words
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
  })

  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) onStderr(line)
  })
  child.on('error', error => onStderr(String(error)))
  child.on('exit', code => {
    for (const { method, reject } of waiting.values()) reject(new Error(`Chromium ended (${code}) during ${method}`))
    waiting.clear()
    onExit(code)
  })
  return { process: child, browser, session }
}
