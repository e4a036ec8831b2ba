// One instance per userData: an abstract socket of that name, which the system releases however its owner ends.
// Whoever finds it taken tells its owner the command line and gets `false`.

import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync } from 'node:fs'
import net from 'node:net'
import { codec } from './codec.ts'
import { notImplemented } from './strict.ts'

export interface SecondInstance {
  readonly argv: string[]
  readonly cwd: string
  readonly data: unknown
}

let server: net.Server | undefined
let told: Promise<void> = Promise.resolve()

export function requestLock(userData: string, data: unknown, onSecond: (second: SecondInstance) => void): boolean {
  if (process.platform !== 'linux') throw notImplemented('app.requestSingleInstanceLock on this platform')
  if (server != null) return true
  mkdirSync(userData, { recursive: true })
  const name = `\0electron-stand-in-${createHash('sha256').update(realpathSync(userData)).digest('hex')}`
  const tried = net.createServer({ allowHalfOpen: true }, socket => receive(socket, onSecond))
  tried.on('error', () => {}) // taken: seen below at once
  tried.listen(name)
  if (tried.listening) {
    server = tried.unref()
    return true
  }
  told = tell(name, { argv: process.argv, cwd: process.cwd(), data })
  return false
}

export const hasLock = (): boolean => server != null
export function releaseLock(): void {
  server?.close()
  server = undefined
}
/** Settles when the first instance has heard of this one, if there was something to say. */
export const untilTold = (): Promise<void> => told

function receive(socket: net.Socket, onSecond: (second: SecondInstance) => void): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('data', chunk => (text += String(chunk)))
  socket.on('end', () => {
    socket.end('heard')
    onSecond(codec().decode(text) as SecondInstance) // `tell` of another stand-in wrote it
  })
}

function tell(name: string, second: SecondInstance): Promise<void> {
  return new Promise(resolve => {
    const socket = net.connect(name)
    socket.on('error', () => resolve()).on('close', () => resolve())
    socket.resume().end(codec().encode(second))
  })
}
