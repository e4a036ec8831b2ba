// What travels over the port between one client and the engine. Strings are RPC messages; a boolean comes only from the side that owns the client's
// real connection (the WebSocket in the host) and says whether there is room: while there is none the engine waits, so that a slow page
// gets the newest state afterwards and no queue grows anywhere.
import type { MessagePort } from 'node:worker_threads'

/** What an RPC adapter needs of a connection. `send` settles when the other side has room for more. */
export interface Wire {
  send(text: string): void | Promise<void>
  onText(listener: (text: string) => void): void
  /** Called once, also when it is closed already. */
  onClose(listener: () => void): void
}

/** The engine's end of a port. Anything that is neither a string nor a boolean is dropped. */
export function portWire(port: MessagePort): Wire & { close(): void } {
  let room: PromiseWithResolvers<void> | undefined
  let isClosed = false
  const texts = new Set<(text: string) => void>()
  const closers = new Set<() => void>()
  port.on('message', (data: unknown) => {
    if (typeof data === 'string') for (const listener of texts) listener(data)
    else if (data === false && !isClosed) room ??= Promise.withResolvers()
    else if (data === true) {
      room?.resolve()
      room = undefined
    }
  })
  port.on('close', () => {
    if (isClosed) return
    isClosed = true
    room?.resolve() // what was waiting finds itself aborted
    for (const listener of closers) listener()
  })
  return {
    send(text) {
      if (!isClosed) port.postMessage(text)
      return room?.promise
    },
    onText: listener => void texts.add(listener),
    onClose: listener => {
      if (isClosed) listener()
      else closers.add(listener)
    },
    close: () => port.close()
  }
}
