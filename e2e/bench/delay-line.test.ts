import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MIB, randomBytes } from '../content.ts'
import { Program } from '../program.ts'

const LINE = fileURLToPath(new URL('./delay-line.mjs', import.meta.url))
const DELAY_MS = 500

test(
  'what goes over a delayed line comes whole, in order and late, and its end comes last',
  { timeout: 60_000 },
  async () => {
    await using owner = new AsyncDisposableStack()
    const echo = net.createServer({ allowHalfOpen: true }, socket => void socket.pipe(socket))
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    owner.defer(() => void echo.close())
    const { port } = echo.address() as net.AddressInfo // of a server that listens on TCP
    const args = [LINE, '127.0.0.1', '127.0.0.1', String(port), String(DELAY_MS), '50000000']
    const line = owner.use(new Program<{ event: 'listening'; port: number }>({ args }))
    const socket = net.connect({ host: '127.0.0.1', port: (await line.line('listening')).port, allowHalfOpen: true })
    owner.defer(() => void socket.destroy())
    await once(socket, 'connect')
    const sent = randomBytes(8 * MIB, 'line')
    const startedAt = performance.now()
    for (let at = 0; at < sent.length; at += 10_007) socket.write(sent.subarray(at, at + 10_007)) // many pieces, none alike
    socket.end()
    const pieces: Buffer[] = []
    for await (const piece of socket) {
      if (pieces.length === 0) assert.ok(performance.now() - startedAt >= 2 * DELAY_MS, 'late there and back')
      pieces.push(piece as Buffer) // nothing sets an encoding
    }
    assert.ok(Buffer.concat(pieces).equals(sent))
  }
)
