import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { IpcMain, WebContents } from 'electron'
import type { WindowService } from '../app/contract/service.ts'
import type { Log } from '../app/service/log.ts'
import { bindPage } from './bind-page.ts'
import type { EngineHost } from './engine-host.ts'

const ORIGIN = 'app://bundle'

/** A port of Electron's, as far as it is closed by us. */
class FakePort extends EventEmitter {
  isClosed = false
  start(): void {}
  postMessage(): void {}
  close(): void {
    this.isClosed = true
    this.emit('close')
  }
}

test('a page has so many ports and no more; one that is closed makes room', () => {
  const ipc = new EventEmitter()
  const contents = {} as WebContents // only compared
  const refused: string[] = []
  const log = { error: (event: string) => void refused.push(event) } as unknown as Log
  const never: unknown = new Proxy(() => undefined, { get: () => never }) // handlers that nobody calls
  const service = never as WindowService
  const engine = {} as EngineHost // never asked
  bindPage({
    ipc: Object.assign(ipc, { handle: () => undefined }) as unknown as IpcMain,
    contents: () => contents,
    origin: ORIGIN,
    engine,
    service,
    log
  })
  const senderFrame = { parent: null, url: `${ORIGIN}/` }
  const connect = (): FakePort => {
    const port = new FakePort()
    ipc.emit('shoal:connect', { sender: contents, senderFrame, ports: [port] }, 'window')
    return port
  }
  const ports = Array.from({ length: 64 }, connect)
  assert.ok(ports.every(port => !port.isClosed))
  assert.ok(connect().isClosed)
  assert.deepEqual(refused, ['page.refused'])
  ports[0]!.close()
  assert.ok(!connect().isClosed)
})
