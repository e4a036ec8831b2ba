// `webFrameMain` of a page's main frame, the only frame the main process hears of here.

import type { IpcMain } from './ipc.ts'
import type { MessagePortMain } from './ports.ts'
import { strictEmitter } from './strict.ts'

/** What a frame tells of its page. */
export interface FramePage {
  readonly id: number
  readonly ipc: IpcMain
  getURL(): string
  isDestroyed(): boolean
  send(channel: string, ...args: unknown[]): void
  postMessage(channel: string, message: unknown, transfer?: readonly MessagePortMain[]): void
}

export class WebFrameMain extends strictEmitter('webFrameMain', ['dom-ready']) {
  readonly routingId = 1
  readonly processId: number
  readonly name = ''
  readonly parent = null
  readonly frames = []
  readonly detached = false
  readonly ipc: IpcMain
  readonly #page: FramePage

  constructor(page: FramePage) {
    super()
    this.#page = page
    this.processId = page.id
    this.ipc = page.ipc
  }
  get url(): string {
    return this.#page.getURL()
  }
  /** A scheme of ours has the origin `scheme://host`, which URL knows for the web's own schemes only. */
  get origin(): string {
    if (!URL.canParse(this.url)) return 'null'
    const { origin, protocol: scheme, host } = new URL(this.url)
    if (origin !== 'null') return origin
    return host === '' ? 'null' : `${scheme}//${host}`
  }
  get top(): WebFrameMain {
    return this
  }
  isDestroyed(): boolean {
    return this.#page.isDestroyed()
  }
  send(channel: string, ...args: unknown[]): void {
    this.#page.send(channel, ...args)
  }
  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[] = []): void {
    this.#page.postMessage(channel, message, transfer)
  }
}
