// Messages between a page's preload and the main process, and the ports that cross. A page that is left or reloaded takes
// its ports with it: their other ends are closed.

import type { CdpSession } from './cdp.ts'
import { codec } from './codec.ts'
import { MessagePortMain } from './ports.ts'
import type { Downward, Upward } from './preload-world.ts'

/** Electron's own name for the preload's world. */
export const WORLD = 'Electron Isolated Context'

export interface PageHandlers {
  isMainFrame(frameId: string): boolean
  invoke(channel: string, args: readonly unknown[]): Promise<unknown>
  titled(title: string): void
  /** The document before this one went, and ports of its page were still open. */
  leftPortsOpen(): void
  receive(channel: string, args: readonly unknown[], ports: readonly MessagePortMain[]): void
}

export class PageChannel {
  readonly #codec = codec()
  readonly #session: CdpSession
  readonly #handlers: PageHandlers
  readonly #ports = new Map<string, { deliver(data: unknown): void; hangUp(): void }>()
  #context: string | undefined
  #last = 0

  constructor(session: CdpSession, handlers: PageHandlers) {
    this.#session = session
    this.#handlers = handlers
    session.on('Runtime.bindingCalled', ({ name, payload }) => {
      // preload-world.ts wrote it.
      if (name === 'standInPost') void this.#receive(this.#codec.decode(payload) as Upward)
    })
    session.on('Runtime.executionContextCreated', ({ context }) => {
      const { frameId } = (context.auxData ?? {}) as { readonly frameId?: string } // untyped in the protocol file
      if (context.name === WORLD && handlers.isMainFrame(frameId ?? '')) this.#context = context.uniqueId
    })
    session.on('Runtime.executionContextsCleared', () => this.reset())
    session.on('Inspector.targetCrashed', () => this.reset())
  }

  /** The preload's world of the document that is there. */
  get context(): string | undefined {
    return this.#context
  }
  /** The document is gone, and with it its ends of the ports. */
  reset(): void {
    this.#context = undefined
    const ports = [...this.#ports.values()]
    this.#ports.clear()
    for (const port of ports) port.hangUp()
  }

  send(channel: string, args: readonly unknown[]): void {
    this.#post({ kind: 'event', channel, args, ports: [] })
  }
  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[]): void {
    const ports = transfer.map(() => `main-${++this.#last}`)
    this.#post({ kind: 'event', channel, args: [message], ports })
    for (const [at, port] of transfer.entries()) {
      const id = ports[at] ?? ''
      const back = port.transferTo(this.#wire(id))
      this.#ports.set(id, { deliver: back.send, hangUp: back.close })
    }
  }

  #wire(id: string): { send(data: unknown): void; close(): void } {
    return {
      send: data => this.#post({ kind: 'port-message', port: id, data }),
      close: () => {
        this.#ports.delete(id)
        this.#post({ kind: 'port-closed', port: id })
      }
    }
  }
  #post(message: Downward): void {
    const text = this.#codec.encode(message) // throws to the caller, as Electron does
    if (this.#context == null) return // no preload there yet or any more: Electron drops it too
    const expression = `standInReceive(${JSON.stringify(text)})`
    this.#session.send('Runtime.evaluate', { expression, uniqueContextId: this.#context }).catch(() => {}) // left meanwhile
  }

  async #receive(message: Upward): Promise<void> {
    switch (message.kind) {
      case 'invoke':
        return this.#answer(message.id, message.channel, message.args)
      case 'send': {
        const ports = message.ports.map(id => {
          const port = MessagePortMain.connect(this.#wire(id))
          this.#ports.set(id, port)
          return port
        })
        return this.#handlers.receive(message.channel, message.args, ports)
      }
      case 'title':
        return this.#handlers.titled(message.title)
      case 'ports-left-open':
        return this.#handlers.leftPortsOpen()
      case 'port-message':
        return this.#ports.get(message.port)?.deliver(message.data)
      case 'port-closed': {
        const port = this.#ports.get(message.port)
        this.#ports.delete(message.port)
        return port?.hangUp()
      }
      default:
        message satisfies never
    }
  }
  async #answer(id: number, channel: string, args: readonly unknown[]): Promise<void> {
    try {
      const value = await this.#handlers.invoke(channel, args)
      this.#post({ kind: 'reply', id, value, error: null })
    } catch (error) {
      const text = `Error invoking remote method '${channel}': ${String(error)}`
      this.#post({ kind: 'reply', id, value: undefined, error: text })
    }
  }
}
