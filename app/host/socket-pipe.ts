// One WebSocket and one port to the engine, joined: both speak the same RPC texts, so nothing is decoded here.
import type { MessagePort } from 'node:worker_threads'
import type { WebSocket } from 'ws'

const HIGH_BYTES = 256 * 1024 // unsent; above it the engine is asked to wait
const LOW_BYTES = 64 * 1024
const CLOSE_GRACE_MS = 1000

/** Ends both when either ends. */
export function joinSocket(socket: WebSocket, port: MessagePort): void {
  let isWaiting = false
  const sent = (): void => {
    if (!isWaiting || socket.bufferedAmount > LOW_BYTES) return
    isWaiting = false
    port.postMessage(true)
  }
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary)
      socket.close(1003) // unsupported data (RFC 6455, section 7.4.1)
    else port.postMessage(data.toString('utf8'))
  })
  socket.on('error', () => socket.terminate()) // a message too big, a frame that is none
  socket.on('close', () => port.close())
  port.on('message', (text: string) => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(text, sent)
    if (isWaiting || socket.bufferedAmount <= HIGH_BYTES) return
    isWaiting = true
    port.postMessage(false)
  })
  port.on('close', () => {
    socket.close(1001) // going away
    setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref()
  })
}
