import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { ToastQueue, UNDO_MS } from './toast-queue.ts'
import { cleanup } from '../core/testing/cleanup.ts'

/** Whatever was removed for good. */
function begin(): { toasts: ToastQueue; gone: string[]; remove: (key: string) => void; tick: (ms: number) => void } {
  let now = 0
  mock.method(performance, 'now', () => now)
  mock.timers.enable({ apis: ['setTimeout'] })
  const toasts = new ToastQueue()
  const gone: string[] = []
  const remove = (key: string): void =>
    toasts.later(key, key, () => {
      gone.push(key)
      return Promise.resolve(true)
    })
  const tick = (ms: number): void => {
    now += ms
    mock.timers.tick(ms)
  }
  return { toasts, gone, remove, tick }
}
const texts = ({ toasts }: ToastQueue): string[] => toasts.get().map(toast => toast.text)

test('a removal can be taken back for ten seconds, and no longer', t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts, gone, remove, tick } = begin()
  remove('a')
  remove('b')
  assert.deepEqual([...toasts.leaving.get()], ['a', 'b'])
  tick(UNDO_MS - 1)
  assert.ok(toasts.undo(), 'the newest')
  assert.deepEqual([...toasts.leaving.get()], ['a'])
  tick(1)
  assert.deepEqual(gone, ['a'])
  assert.deepEqual(texts(toasts), [])
  assert.equal(toasts.undo(), false)
})

test('what is wanted anew meanwhile is not removed', t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts, gone, remove, tick } = begin()
  remove('a')
  toasts.keep('a')
  tick(UNDO_MS)
  assert.deepEqual(gone, [])
  assert.deepEqual(texts(toasts), [], 'nothing left to be undone')
  assert.equal(toasts.leaving.get().size, 0)
})

test('others do not push out what can be undone', t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts, remove } = begin()
  remove('a')
  for (const text of ['1', '2', '3']) toasts.show(text)
  assert.deepEqual(texts(toasts), ['a', '2', '3'])
  remove('b')
  remove('c')
  remove('d')
  assert.deepEqual(texts(toasts), ['a', 'b', 'c', 'd'])
})

test('time stands still under the pointer', t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts, gone, remove, tick } = begin()
  remove('a')
  tick(UNDO_MS - 500)
  toasts.hold(true)
  tick(60_000)
  toasts.show('b')
  assert.deepEqual(texts(toasts), ['a', 'b'])
  toasts.hold(false)
  tick(1_999)
  assert.deepEqual(gone, [])
  tick(1)
  assert.deepEqual(gone, ['a'])
})

test('closed, or the page goes: it is done', async t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts, gone, remove, tick } = begin()
  remove('a')
  remove('b')
  await toasts.close(toasts.toasts.get()[0]!.id)
  assert.deepEqual(gone, ['a'])
  await toasts.flush()
  assert.deepEqual(gone, ['a', 'b'])
  tick(UNDO_MS)
  assert.deepEqual(gone, ['a', 'b'], 'once each')
})

test('a removal that failed brings its row back', async t => {
  cleanup(t).defer(() => mock.reset())
  const { toasts } = begin()
  toasts.later('a', 'a', () => Promise.resolve(false))
  await toasts.flush()
  assert.equal(toasts.leaving.get().size, 0)
})
