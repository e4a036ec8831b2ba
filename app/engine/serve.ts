// Binds the service of a contract to connections: the one place where a client's message is believed. Shape checked, input validated by the contract, errors flattened
// to code and sentence, paths shown at the command line's door only.
import type { AnyContractRouter } from '@orpc/contract'
import { type AnyProcedure, implement, ORPCError, ValidationError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/ws'
import { CodedError } from '../../core/errors.ts'
import type { Caller, Door, ServiceOf } from '../contract/service.ts'
import { toWire } from '../contract/wire-error.ts'
import type { Wire } from './wire.ts'

const MAX_OPEN_CALLS = 256 // of one connection; a page has about ten feeds

/** Called with what nobody foresaw, and with what no client of ours says, for the log. */
export type OnFault = (call: string, error: unknown) => void

interface Connection {
  readonly door: Door
  open: number
}

export interface Rpc {
  /** Serves one client until its wire closes; then every call of it is aborted. */
  serve(wire: Wire, door: Door): void
}

export function bindService<C extends AnyContractRouter>(contract: C, service: ServiceOf<C>, onFault: OnFault): Rpc {
  const os = implement(contract).$context<Connection>()
  const groups = Object.entries(contract).map(([group, calls]) => {
    const bound = Object.keys(calls).map(name => {
      // the contract's keys are the service's keys: the type ServiceOf says so, Object.keys cannot
      const builder = (os as unknown as Record<string, Record<string, Builder>>)[group]?.[name]
      const handler = (service as unknown as Record<string, Record<string, AnyHandler>>)[group]?.[name]
      if (builder == null || handler == null) throw new Error(`No handler for ${group}.${name}`)
      return [name, builder.handler(bind(handler))] as const
    })
    return [group, Object.fromEntries(bound)] as const
  })
  const handler = new RPCHandler<Connection>(Object.fromEntries(groups), {
    clientInterceptors: [
      async ({ next, path, context, signal }) => {
        const call = path.join('.')
        const release = enter(context)
        signal?.addEventListener('abort', release, { once: true }) // an answer that nobody waits for is not read to its end
        try {
          const out = await next()
          if (isIterable(out)) return guarded(out, call, onFault, release)
          release()
          return out
        } catch (error) {
          release()
          throw flattened(error, call, onFault)
        }
      }
    ]
  })
  return {
    serve(wire, door) {
      const onNonsense = (): void => onFault('message', new CodedError('usage', 'Not a call'))
      void handler.upgrade(socketLike(wire, onNonsense), { context: { door, open: 0 } })
    }
  }
}

type AnyHandler = (input: unknown, caller: Caller) => unknown
interface Builder {
  handler(fn: (options: { input: unknown; context: Connection; signal?: AbortSignal }) => unknown): AnyProcedure
}

function bind(handler: AnyHandler) {
  return async ({ input, context, signal }: { input: unknown; context: Connection; signal?: AbortSignal }) => {
    const caller: Caller = { door: context.door, signal: signal ?? new AbortController().signal }
    const out = await handler(input, caller)
    if (isIterable(out)) return until(out, caller, context.door)
    return shownAt(context.door, out)
  }
}

/** Ends a feed with its caller even if the service is late: nobody waits for a value that nobody will read. */
async function* until(values: AsyncIterable<unknown>, { signal }: Caller, door: Door): AsyncGenerator<unknown> {
  const iterator = values[Symbol.asyncIterator]()
  const gone = Promise.withResolvers<undefined>()
  const leave = (): void => gone.resolve(undefined)
  signal.addEventListener('abort', leave, { once: true })
  try {
    while (!signal.aborted) {
      const step = await Promise.race([iterator.next(), gone.promise])
      if (step == null || step.done === true) return
      yield shownAt(door, step.value)
    }
  } finally {
    signal.removeEventListener('abort', leave)
    void Promise.resolve(iterator.return?.()).catch(() => {}) // its end is the service's affair; the caller has gone
  }
}

/** A page never learns a path of this machine: `path` of a transfer, wherever it stands, is null at every door but the command line's. */
function shownAt(door: Door, value: unknown): unknown {
  if (door === 'cli' || value == null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(item => shownAt(door, item))
  const row = value as Record<string, unknown> // an object, by the line above
  if ('rows' in row) return { ...row, rows: shownAt(door, row.rows) }
  return typeof row.path === 'string' ? { ...row, path: null } : row
}

function enter(connection: Connection): () => void {
  if (connection.open >= MAX_OPEN_CALLS)
    throw flattened(new CodedError('forbidden', 'Too many calls at once'), '', () => {})
  connection.open++
  let isIn = true
  return () => {
    if (isIn) connection.open--
    isIn = false
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  value != null && typeof value === 'object' && Symbol.asyncIterator in value

/** Not a generator: one that is ended before its first value would not run its `finally`. */
function guarded(values: AsyncIterable<unknown>, call: string, onFault: OnFault, release: () => void) {
  const iterator = values[Symbol.asyncIterator]()
  return {
    async next() {
      try {
        const step = await iterator.next()
        if (step.done === true) release()
        return step
      } catch (error) {
        release()
        throw flattened(error, call, onFault)
      }
    },
    async return() {
      release()
      await iterator.return?.()
      return { done: true as const, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

function flattened(error: unknown, call: string, onFault: OnFault): ORPCError<string, undefined> {
  const isBadInput =
    error instanceof ORPCError && error.code === 'BAD_REQUEST' && error.cause instanceof ValidationError
  const wire = isBadInput
    ? { code: 'usage', message: `${call} was called with something that does not fit` }
    : toWire(error)
  if (wire.code === 'internal' || isBadInput) onFault(call, error)
  return new ORPCError(wire.code, { message: wire.message })
}

/** The wire as the WebSocket the adapter expects; only calls and aborts in their plain form reach it. */
function socketLike(wire: Wire, onNonsense: () => void): Parameters<RPCHandler<Connection>['upgrade']>[0] {
  const socket = {
    send: (text: string) => wire.send(text),
    addEventListener(type: string, listener: (event: { data?: string }) => void) {
      if (type === 'close') wire.onClose(() => listener({}))
      if (type !== 'message') return
      wire.onText(text => {
        const plain = plainRequest(text)
        if (plain != null) listener({ data: plain })
        else onNonsense()
      })
    }
  }
  // the adapter uses these two members and awaits what `send` returns
  return socket as unknown as Parameters<RPCHandler<Connection>['upgrade']>[0]
}

/**
 * A client's message reduced to what our contract needs: a call with JSON input, or an abort. Streams from the client, blobs, form data, typed
 * meta and headers of the RPC protocol are left out, so that nothing in their decoding can be reached.
 */
export function plainRequest(text: string): string | undefined {
  let message: { i?: unknown; t?: unknown; p?: { u?: unknown; b?: { json?: unknown } } } | null
  try {
    message = JSON.parse(text) as typeof message
  } catch {
    return undefined
  }
  if (message == null || typeof message !== 'object') return undefined
  const { i, t, p } = message
  if (typeof i !== 'string' || i.length > 32) return undefined
  if (t === 4) return JSON.stringify({ i, t })
  if (t != null && t !== 1) return undefined
  const path = p?.u
  if (typeof path !== 'string' || !/^\/[a-z]{1,32}\/[a-zA-Z]{1,32}$/.test(path)) return undefined
  const json = p?.b != null && typeof p.b === 'object' ? p.b.json : undefined
  return JSON.stringify({ i, p: { u: path, b: { json: json ?? {} } } })
}
