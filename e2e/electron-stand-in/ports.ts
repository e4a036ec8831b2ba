// MessagePortMain and MessageChannelMain. A port talks over a wire: to the other port of its channel, or to a MessagePort
// in the page (web-contents.ts makes those). A port given to the page is over here: what reaches it goes on to the page.

import { cloneValue } from './codec.ts'
import { notImplemented, strictEmitter } from './strict.ts'

/** The way to the other end. */
export interface Wire {
  send(data: unknown): void
  close(): void
}

export class MessagePortMain extends strictEmitter('MessagePortMain', ['message', 'close']) {
  #wire: Wire | undefined
  #onward: Wire | undefined // where it was transferred to
  readonly #early: unknown[] = []
  #isStarted = false
  #isClosed = false

  static connect(wire: Wire): MessagePortMain {
    const port = new MessagePortMain()
    port.#wire = wire
    return port
  }

  postMessage(data: unknown, transfer: readonly unknown[] = []): void {
    if (transfer.length > 0) throw notImplemented('MessagePortMain.postMessage with ports')
    const copy = cloneValue(data)
    if (!this.#isClosed && this.#onward == null) this.#wire?.send(copy)
  }
  start(): void {
    this.#isStarted = true
    for (const data of this.#early.splice(0)) this.emit('message', { data, ports: [] })
  }
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wire?.close()
    queueMicrotask(() => this.emit('close'))
  }

  /** A message from the other end; kept until `start`. */
  deliver(data: unknown): void {
    if (this.#onward != null) this.#onward.send(data)
    else if (this.#isClosed) return
    else if (this.#isStarted) this.emit('message', { data, ports: [] })
    else this.#early.push(data)
  }
  /** The other end is gone. */
  hangUp(): void {
    if (this.#onward != null) return this.#onward.close()
    if (this.#isClosed) return
    this.#isClosed = true
    this.emit('close')
  }
  /** Gives this end away: what was and will be delivered goes `onward`; returned is the way back to the other end. */
  transferTo(onward: Wire): Wire {
    if (this.#onward != null || this.#isClosed) throw new Error('Port at index 0 is already neutered')
    this.#onward = onward
    for (const data of this.#early.splice(0)) onward.send(data)
    return { send: data => this.#wire?.send(data), close: () => this.#wire?.close() }
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain = MessagePortMain.connect(later(() => this.port2))
  readonly port2: MessagePortMain = MessagePortMain.connect(later(() => this.port1))
}

/** Messages never arrive within the call that sends them. */
function later(port: () => MessagePortMain): Wire {
  return {
    send: data => void setImmediate(() => port().deliver(data)),
    close: () => void setImmediate(() => port().hangUp())
  }
}
