// A page's port and what is behind it. Only strings go inward, as many as a call may have; outward the page says of each message that it was taken, and while
// too many are not, the other side waits: a page that is busy gets the newest state afterwards, and no queue grows.
import type { MessagePort } from 'node:worker_threads'
import type { Wire } from '../app/engine/wire.ts'

const MAX_CHARS = 1024 * 1024 // as the host's WebSocket
const HIGH = 32 // messages that the page has not taken
const LOW = 8

/** The members of Electron's MessagePortMain that are used. */
export interface PagePort {
  on(event: 'message', listener: (message: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

/** Ends both when either ends. `onNonsense`: what came is neither text nor a receipt; the page is cut off. */
export function joinPorts(page: PagePort, engine: MessagePort, onNonsense: () => void): void {
  let sent = 0
  let isWaiting = false
  const wait = (should: boolean): void => {
    if (isWaiting === should) return
    isWaiting = should
    engine.postMessage(!should)
  }
  page.on('message', ({ data }) => {
    if (data === true) {
      sent--
      if (sent <= LOW) wait(false)
    } else if (isText(data)) engine.postMessage(data)
    else {
      onNonsense()
      page.close()
      engine.close()
    }
  })
  page.on('close', () => engine.close())
  engine.on('message', (text: string) => {
    page.postMessage(text)
    sent++
    if (sent >= HIGH) wait(true)
  })
  engine.on('close', () => page.close())
  page.start()
}

/** A page's port as what an RPC adapter needs. Small feeds only: it never waits, and receipts are not counted. `onNonsense` as above. */
export function pageWire(page: PagePort, onNonsense: () => void): Wire {
  let isClosed = false
  const texts = new Set<(text: string) => void>()
  const closers = new Set<() => void>()
  page.on('message', ({ data }) => {
    if (isText(data)) for (const listener of texts) listener(data)
    else if (data !== true) {
      onNonsense()
      page.close()
    }
  })
  page.on('close', () => {
    isClosed = true
    for (const listener of closers) listener()
  })
  page.start()
  return {
    send(text) {
      if (!isClosed) page.postMessage(text)
    },
    onText: listener => void texts.add(listener),
    onClose: listener => {
      if (isClosed) listener()
      else closers.add(listener)
    }
  }
}

const isText = (data: unknown): data is string => typeof data === 'string' && data.length <= MAX_CHARS
