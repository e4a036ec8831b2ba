import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { joinPorts, type PagePort, pageWire } from './page-ports.ts'
import { cleanup } from '../core/testing/cleanup.ts'

/** Node's port in the shape of Electron's: the same channel underneath, messages wrapped. */
function asPagePort(port: MessagePort): PagePort {
  return {
    on: (event: string, listener: (message: { data: unknown }) => void) =>
      port.on(event === 'close' ? 'close' : 'message', (data: unknown) => listener({ data })),
    postMessage: message => port.postMessage(message),
    start: () => port.start(),
    close: () => port.close()
  }
}

function join(t: { after(fn: () => void): void }) {
  const page = new MessageChannel()
  const engine = new MessageChannel()
  let nonsense = 0
  joinPorts(asPagePort(page.port2), engine.port1, () => nonsense++)
  cleanup(t).defer(() => [page.port1, engine.port2].forEach(port => port.close()))
  return { page: page.port1, engine: engine.port2, nonsense: () => nonsense }
}

/** Every message so far has been handed over once one that was sent later comes back. */
const received = async (port: MessagePort): Promise<unknown> => {
  const [data] = (await once(port, 'message')) as [unknown]
  return data
}

test('text goes both ways, and either end ends the other', async t => {
  const { page, engine } = join(t)
  page.postMessage('call')
  assert.equal(await received(engine), 'call')
  engine.postMessage('answer')
  assert.equal(await received(page), 'answer')
  page.close()
  await once(engine, 'close')
  const other = join(t)
  other.engine.close()
  await once(other.page, 'close')
})

test('a page that takes nothing makes the engine wait, and one that has caught up lets it go on', async t => {
  const { page, engine } = join(t)
  for (let n = 0; n < 32; n++) engine.postMessage(`${n}`)
  assert.equal(await received(engine), false, 'wait')
  for (let n = 0; n < 24; n++) page.postMessage(true)
  assert.equal(await received(engine), true, 'go on')
})

test('anything but text and receipts cuts the page off', async t => {
  for (const wrong of [7, { a: 1 }, null, false, 'x'.repeat(1_048_577)]) {
    const { page, engine, nonsense } = join(t)
    engine.start()
    page.postMessage(wrong)
    await once(page, 'close')
    assert.equal(nonsense(), 1)
  }
})

test('the wire of the window’s own service: text only, closed once', async () => {
  const { port1, port2 } = new MessageChannel()
  const wire = pageWire(asPagePort(port2), () => assert.fail('nothing here is nonsense'))
  const texts: string[] = []
  wire.onText(text => texts.push(text))
  const closed = new Promise<void>(resolve => wire.onClose(resolve))
  port1.postMessage(true)
  port1.postMessage('text')
  void wire.send('back')
  assert.equal(await received(port1), 'back')
  port1.close()
  await closed
  assert.deepEqual(texts, ['text'])
  wire.onClose(() => texts.push('late'))
  assert.deepEqual(texts, ['text', 'late'])
})

test('the window’s own service too cuts off a page that talks nonsense', async () => {
  for (const wrong of [7, { a: 1 }, null, false, 'x'.repeat(1_048_577)]) {
    const { port1, port2 } = new MessageChannel()
    let nonsense = 0
    pageWire(asPagePort(port2), () => nonsense++)
    const closed = once(port1, 'close')
    port1.postMessage(wrong)
    await closed
    assert.equal(nonsense, 1)
  }
})
