// The page in the desktop's window: ports to the engine and to the window's own process, grants for files where they are.
import type { WireError } from '../app/contract/shapes.ts'
import type { WindowState } from '../app/contract/window-contract.ts'
import { Failure, openWindowClient, type RpcSocket } from './client.ts'
import type { Connected, Platform } from './platform.ts'
import { Session } from './session.ts'
import { Store } from './store.ts'

type End = 'engine' | 'window'

/** What main/preload.ts puts into the page. */
export interface Bridge {
  /** The port arrives as a message `{ shoalPort }` of this window. */
  connect(to: End): void
  grant(file: File): Promise<{ readonly grant: string } | { readonly error: WireError }>
}

/** Undefined in a browser. */
export function bridgeOf(of: object): Bridge | undefined {
  // nothing else puts something of this name there: the page runs no script but its own
  return 'shoal' in of ? (of.shoal as Bridge) : undefined
}

export function desktopPlatform(bridge: Bridge, life: AbortSignal): Platform {
  const state = new Store<WindowState | null>(null)
  const window = new Session(async () => connectTo(bridge, 'window'), openWindowClient, life)
  window.follow(
    (client, options) => client.state({}, options),
    value => state.set(value)
  )
  return {
    copiesDropped: false,
    saveFile: null,
    connect: async () => connectTo(bridge, 'engine'),
    grantsFor: async ({ tops }) => Promise.all(tops.map(async file => grantFor(bridge, file))),
    async copy(text) {
      await window.client.copy({ text })
    },
    desktop: {
      state,
      get client() {
        return window.client
      },
      followAsks(show) {
        window.follow((client, options) => client.asks({}, options), show)
      }
    }
  }
}

async function grantFor(bridge: Bridge, file: File): Promise<string> {
  const answer = await bridge.grant(file)
  if ('error' in answer) throw new Failure(answer.error.code, answer.error.message)
  return answer.grant
}

function connectTo(bridge: Bridge, to: End): Promise<Connected> {
  const arrived = Promise.withResolvers<Connected>()
  const listen = ({ source, data, ports: [port] }: MessageEvent): void => {
    const isIt = source === globalThis.window && (data as { shoalPort?: unknown } | null)?.shoalPort === to
    if (!isIt || port == null) return
    removeEventListener('message', listen)
    arrived.resolve(dressed(port))
  }
  addEventListener('message', listen)
  bridge.connect(to)
  return arrived.promise
}

/** A port as a socket that is open from the start. Each message that was taken is acknowledged, so that the other side knows how far this page is. */
function dressed(port: MessagePort): Connected {
  const ended = Promise.withResolvers<void>()
  let readyState: number = WebSocket.OPEN
  // A page that is left with a port open may take its process with it (Electron 22: each time). Whoever closes a port is not told: this page may come back.
  const leave = (): void => {
    port.close()
    port.dispatchEvent(new Event('close'))
  }
  addEventListener('pagehide', leave) // after main.tsx's, whose last calls still go out
  port.addEventListener('close', () => {
    removeEventListener('pagehide', leave)
    readyState = WebSocket.CLOSED
    ended.resolve()
  })
  port.addEventListener('message', () => port.postMessage(true))
  port.start()
  const socket = {
    get readyState() {
      return readyState
    },
    send: (text: unknown) => port.postMessage(text),
    addEventListener: port.addEventListener.bind(port),
    removeEventListener: port.removeEventListener.bind(port)
  }
  return { socket: socket as unknown as RpcSocket, ended: ended.promise } // the four members the link uses
}
