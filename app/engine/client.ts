// The typed client of the contract over any connection: errors come back as CodedError with the code they were thrown with.
import type { MessagePort } from 'node:worker_threads'
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { CodedError } from '../../core/errors.ts'
import type { Contract } from '../contract/contract.ts'
import { fromWire } from '../contract/wire-error.ts'

export type Client = ContractRouterClient<Contract>

/** A connection as browsers, `ws` and (by `portSocket`) ports have it. */
type Socket = ConstructorParameters<typeof RPCLink>[0]['websocket']

/** `signal` of a call aborts it with `cancelled`; a connection that ends fails every call with `internal`. */
export function openClient(socket: Socket): Client {
  return createORPCClient(
    new RPCLink({
      websocket: socket,
      interceptors: [
        async ({ next, signal }) => {
          try {
            const out = await next()
            return isIterable(out) ? coded(out, signal) : out
          } catch (error) {
            throw asCoded(error, signal)
          }
        }
      ]
    })
  )
}

const isIterable = (value: unknown): value is AsyncIterableIterator<unknown> =>
  value != null && typeof value === 'object' && Symbol.asyncIterator in value

/** Not a generator: one that is ended before its first value would not tell the other side. */
function coded(values: AsyncIterableIterator<unknown>, signal: AbortSignal | undefined) {
  return {
    async next() {
      try {
        return await values.next()
      } catch (error) {
        throw asCoded(error, signal)
      }
    },
    async return() {
      await values.return?.()
      return { done: true as const, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}

function asCoded(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return new CodedError('cancelled', 'Cancelled', { cause: error })
  if (error instanceof ORPCError) return fromWire(error)
  return new CodedError('internal', 'The connection to Shoal ended; please try again', { cause: error })
}

/** A port to the engine as a socket that is open from the start. */
export function portSocket(port: MessagePort): Socket {
  let readyState = 1
  const closed = (): void => {
    readyState = 3
  }
  port.addEventListener('close', closed)
  port.start()
  const socket = {
    get readyState() {
      return readyState
    },
    send: (text: unknown) => port.postMessage(text),
    addEventListener: port.addEventListener.bind(port),
    removeEventListener: port.removeEventListener.bind(port)
  }
  return socket as unknown as Socket // the four members the link uses; EventTarget's overloads differ by event name only
}
