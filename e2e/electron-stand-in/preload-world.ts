// The renderer half of the `electron` module, for the preload, in an isolated world of the page. Runs there by its source
// text: it must name nothing outside itself but its arguments. `standInPost` is a CDP binding of that world alone.

import type { Bridge, bridge } from './bridge.ts'
import type { codec } from './codec.ts'

declare global {
  var standInPost: (text: string) => void
  var standInReceive: (text: string) => void
}

/** The page's MessagePort, which is an EventTarget. */
interface PagePort {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  addEventListener(event: 'close', listener: () => void): void
  postMessage(data: unknown): void
  close(): void
}
declare const document: { readonly title: string; readonly head: object }
declare const sessionStorage: { getItem(key: string): string | null; removeItem(key: string): void }
declare const addEventListener: (event: 'DOMContentLoaded', listener: () => void) => void
declare const MutationObserver: new (listener: () => void) => { observe(node: object, options: object): void }
declare const MessageChannel: new () => { readonly port1: PagePort; readonly port2: PagePort }

/** From the page to the main process. */
export type Upward =
  | { readonly kind: 'invoke'; readonly id: number; readonly channel: string; readonly args: readonly unknown[] }
  | {
      readonly kind: 'send'
      readonly channel: string
      readonly args: readonly unknown[]
      readonly ports: readonly string[]
    }
  | { readonly kind: 'port-message'; readonly port: string; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly port: string }
  | { readonly kind: 'title'; readonly title: string }
  /** The page before this one went without closing its ports. */
  | { readonly kind: 'ports-left-open' }
/** The other way. */
export type Downward =
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown; readonly error: string | null }
  | {
      readonly kind: 'event'
      readonly channel: string
      readonly args: readonly unknown[]
      readonly ports: readonly string[]
    }
  | { readonly kind: 'port-message'; readonly port: string; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly port: string }

export interface PreloadFacts {
  readonly platform: string
  readonly arch: string
  readonly versions: Record<string, string | undefined>
  readonly env: Record<string, string | undefined>
  readonly argv: readonly string[]
}

export function preloadWorld(
  openBridge: typeof bridge,
  openCodec: typeof codec,
  secret: string,
  facts: PreloadFacts
): { require: (id: string) => unknown; process: object } {
  type Listener = (event: object, ...args: unknown[]) => void
  const { encode, decode } = openCodec()
  const toPage: Bridge = openBridge(`preload-${secret}`, `page-${secret}`)
  const post = (message: Upward): void => globalThis.standInPost(encode(message))
  const listeners = new Map<string, { readonly listener: Listener; readonly isOnce: boolean }[]>()
  const replies = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const ports = new Map<string, PagePort>()
  let last = 0

  const bind = (id: string, port: PagePort): void => {
    ports.set(id, port)
    port.onmessage = event => post({ kind: 'port-message', port: id, data: event.data })
    port.addEventListener('close', () => {
      if (ports.delete(id)) post({ kind: 'port-closed', port: id })
    })
  }
  const add = (channel: string, listener: Listener, isOnce: boolean): void => {
    listeners.set(channel, [...(listeners.get(channel) ?? []), { listener, isOnce }])
  }
  const remove = (channel: string, listener: Listener): void => {
    const kept = [...(listeners.get(channel) ?? [])]
    const at = kept.findIndex(one => one.listener === listener)
    if (at >= 0) kept.splice(at, 1)
    listeners.set(channel, kept)
  }
  const ipcRenderer = {
    on: (channel: string, listener: Listener) => (add(channel, listener, false), ipcRenderer),
    once: (channel: string, listener: Listener) => (add(channel, listener, true), ipcRenderer),
    off: (channel: string, listener: Listener) => (remove(channel, listener), ipcRenderer),
    removeListener: (channel: string, listener: Listener) => (remove(channel, listener), ipcRenderer),
    send: (channel: string, ...args: unknown[]) => post({ kind: 'send', channel, args, ports: [] }),
    invoke: (channel: string, ...args: unknown[]) =>
      new Promise((resolve, reject) => {
        post({ kind: 'invoke', id: ++last, channel, args })
        replies.set(last, { resolve, reject })
      }),
    postMessage: (channel: string, message: unknown, transfer: PagePort[] = []) => {
      const ids = transfer.map(() => `page-${++last}`)
      post({ kind: 'send', channel, args: [message], ports: ids })
      // Taken over only after the post: messages that wait in the port arrive after it.
      for (const [at, port] of transfer.entries()) bind(ids[at] ?? '', port)
    }
  }

  globalThis.standInReceive = text => {
    const message = decode(text) as Downward // web-contents.ts wrote it
    switch (message.kind) {
      case 'reply': {
        const waiter = replies.get(message.id)
        replies.delete(message.id)
        if (message.error == null) waiter?.resolve(message.value)
        else waiter?.reject(new Error(message.error))
        break
      }
      case 'event': {
        const given = message.ports.map(id => {
          const { port1, port2 } = new MessageChannel()
          bind(id, port1)
          return port2
        })
        for (const { listener, isOnce } of listeners.get(message.channel) ?? []) {
          if (isOnce) remove(message.channel, listener)
          listener({ sender: ipcRenderer, ports: given }, ...message.args)
        }
        break
      }
      case 'port-message':
        ports.get(message.port)?.postMessage(message.data)
        break
      case 'port-closed': {
        const port = ports.get(message.port)
        ports.delete(message.port)
        port?.close()
        break
      }
      default:
        message satisfies never
    }
  }

  if (sessionStorage.getItem('stand-in ports') != null) {
    sessionStorage.removeItem('stand-in ports')
    post({ kind: 'ports-left-open' })
  }

  const tellTitle = (): void => post({ kind: 'title', title: document.title })
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver(tellTitle).observe(document.head, { childList: true, characterData: true, subtree: true })
    tellTitle()
  })

  // The path of a File is known to Chromium alone. The debugger stops this frame, the main side reads `file`, sets
  // `answer`, and lets it go on: that is how this call is synchronous.
  const standInPathOfFile = (file: unknown): string => {
    if (!(file instanceof File))
      throw new TypeError('getPathForFile expected to receive a File object but one was not provided')
    let answer = ''
    // oxlint-disable-next-line no-debugger
    debugger
    answer += ''
    return answer
  }
  const missing = (name: string) => () => {
    throw new Error(`stand-in: electron.${name} is not implemented`)
  }
  const strictly = <T extends object>(name: string, members: T): T =>
    new Proxy(members, {
      get(target, key, receiver) {
        if (key in target || typeof key === 'symbol') return Reflect.get(target, key, receiver)
        return missing(`${name}.${key}`)()
      }
    })
  const electron = strictly('renderer', {
    ipcRenderer: strictly('ipcRenderer', ipcRenderer),
    contextBridge: strictly('contextBridge', {
      exposeInMainWorld: (key: string, api: unknown) => void toPage.root(key, api)
    }),
    webUtils: strictly('webUtils', { getPathForFile: standInPathOfFile })
  })
  const require = (id: string): unknown => {
    if (id === 'electron' || id === 'electron/renderer') return electron
    if (/^(node:)?(events|timers|url)$/.test(id)) return missing(`preload: require('${id}')`)()
    throw new Error(`module not found: ${id}`) // what a sandboxed preload is told
  }
  const process = Object.freeze({
    ...facts,
    type: 'renderer',
    sandboxed: true,
    contextIsolated: true,
    isMainFrame: true
  })
  return { require, process }
}
