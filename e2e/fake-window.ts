// The desktop's window as the page sees it, faked: its bridge in a page of Chromium, its contract served from here. The engine behind it is whatever
// the page's address leads to. What it was asked is remembered.
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Page } from 'playwright-core'
import type { WindowService } from '../app/contract/service.ts'
import { windowContract, type WindowState } from '../app/contract/window-contract.ts'
import { bindService } from '../app/engine/serve.ts'
import { portWire } from '../app/engine/wire.ts'
import { ValueFeed } from '../app/service/snapshot-feed.ts'

export interface FakeWindow extends Disposable {
  readonly state: ValueFeed<WindowState>
  /** Names of calls, in order. */
  readonly asked: string[]
}

/** In the page, before its own script: ports as main/preload.ts hands them over. */
const BRIDGE = `{
  const token = location.hash.slice('#token='.length)
  const give = (to, port) => window.postMessage({ shoalPort: to }, '*', [port])
  window.shoal = {
    grant: async () => ({ grant: crypto.randomUUID() }),
    connect(to) {
      const { port1, port2 } = new MessageChannel()
      if (to === 'window') {
        window.fromFakeWindow = text => port1.postMessage(text)
        port1.onmessage = ({ data }) => { if (typeof data === 'string') void window.toFakeWindow(data) }
        return give(to, port2)
      }
      const socket = new WebSocket('ws://' + location.host + '/rpc', ['shoal.v1', 'token.' + token])
      port1.onmessage = ({ data }) => { if (typeof data === 'string') socket.send(data) }
      socket.onmessage = ({ data }) => port1.postMessage(data)
      socket.onclose = () => port1.close()
      socket.onopen = () => give(to, port2)
    }
  }
}`

export async function fakeWindow(page: Page): Promise<FakeWindow> {
  const state = new ValueFeed<WindowState>({ openAtLogin: false, staysOpen: true, isEngineRunning: true, update: null })
  const asked: string[] = []
  const note = (name: string) => {
    asked.push(name)
    return {}
  }
  const service: WindowService = {
    window: {
      state: (_, { signal }) => state.read(signal),
      asks: (_, { signal }) => silence(signal),
      pick({ what }) {
        note(`pick ${what}`)
        return { grants: [crypto.randomUUID()] }
      },
      pickPlace() {
        note('pickPlace')
        return { folder: { id: 1, name: 'Photos', roomBytes: 1.4e6 } }
      },
      showTransfer: ({ id }) => note(`showTransfer ${id}`),
      showShare: () => note('showShare'),
      copy: ({ text }) => note(`copy ${text}`),
      change(to) {
        state.set({
          ...state.value,
          ...(to.openAtLogin != null && { openAtLogin: to.openAtLogin }),
          ...(to.staysOpen != null && { staysOpen: to.staysOpen })
        })
        return note('change')
      },
      look: ({ theme, language }) => note(`look ${theme} ${language}`),
      fetchUpdate: () => note('fetchUpdate'),
      installUpdate: () => note('installUpdate'),
      left: () => note('left'),
      restart() {
        state.set({ ...state.value, isEngineRunning: true })
        return note('restart')
      }
    }
  }
  const rpc = bindService(windowContract, service, (call, error) => asked.push(`${call} failed: ${String(error)}`))
  let ours: MessagePort | undefined
  const connect = (): MessagePort => {
    ours?.close()
    const { port1, port2 } = new MessageChannel()
    rpc.serve(portWire(port2), 'window')
    port1.on('message', (text: string) => {
      void page.evaluate(`window.fromFakeWindow(${JSON.stringify(text)})`).catch(() => {}) // the page has gone
    })
    return (ours = port1)
  }
  connect()
  page.on('framenavigated', connect) // a page that is loaded again has a port of its own
  await page.exposeFunction('toFakeWindow', (text: string) => ours?.postMessage(text))
  await page.addInitScript(BRIDGE)
  return { state, asked, [Symbol.dispose]: () => ours?.close() }
}

/** Nothing, for as long as somebody listens. */
const silence = (signal: AbortSignal): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({
    next: () =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve({ done: true, value: undefined }), { once: true })
      })
  })
})
