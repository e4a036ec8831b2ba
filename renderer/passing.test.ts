import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Passing, UNDO_MS } from './passing.ts'

/** Whatever was removed for good. */
function begin(): { passing: Passing; gone: string[]; remove: (key: string) => void; tick: (ms: number) => void } {
  let now = 0
  mock.method(performance, 'now', () => now)
  mock.timers.enable({ apis: ['setTimeout'] })
  const passing = new Passing()
  const gone: string[] = []
  const remove = (key: string): void =>
    passing.later(key, key, () => {
      gone.push(key)
      return Promise.resolve(true)
    })
  const tick = (ms: number): void => {
    now += ms
    mock.timers.tick(ms)
  }
  return { passing, gone, remove, tick }
}
const texts = ({ toasts }: Passing): string[] => toasts.get().map(toast => toast.text)

test('a removal can be taken back for ten seconds, and no longer', t => {
  t.after(() => mock.reset())
  const { passing, gone, remove, tick } = begin()
  remove('a')
  remove('b')
  assert.deepEqual([...passing.leaving.get()], ['a', 'b'])
  tick(UNDO_MS - 1)
  assert.ok(passing.undo(), 'the newest')
  assert.deepEqual([...passing.leaving.get()], ['a'])
  tick(1)
  assert.deepEqual(gone, ['a'])
  assert.deepEqual(texts(passing), [])
  assert.equal(passing.undo(), false)
})

test('what is wanted anew meanwhile is not removed', t => {
  t.after(() => mock.reset())
  const { passing, gone, remove, tick } = begin()
  remove('a')
  passing.keep('a')
  tick(UNDO_MS)
  assert.deepEqual(gone, [])
  assert.deepEqual(texts(passing), [], 'nothing left to be undone')
  assert.equal(passing.leaving.get().size, 0)
})

test('others do not push out what can be undone', t => {
  t.after(() => mock.reset())
  const { passing, remove } = begin()
  remove('a')
  for (const text of ['1', '2', '3']) passing.say(text)
  assert.deepEqual(texts(passing), ['a', '2', '3'])
  remove('b')
  remove('c')
  remove('d')
  assert.deepEqual(texts(passing), ['a', 'b', 'c', 'd'])
})

test('time stands still under the pointer', t => {
  t.after(() => mock.reset())
  const { passing, gone, remove, tick } = begin()
  remove('a')
  tick(UNDO_MS - 500)
  passing.hold(true)
  tick(60_000)
  passing.say('b')
  assert.deepEqual(texts(passing), ['a', 'b'])
  passing.hold(false)
  tick(1_999)
  assert.deepEqual(gone, [])
  tick(1)
  assert.deepEqual(gone, ['a'])
})

test('closed, or the page goes: it is done', async t => {
  t.after(() => mock.reset())
  const { passing, gone, remove, tick } = begin()
  remove('a')
  remove('b')
  await passing.close(passing.toasts.get()[0]!.id)
  assert.deepEqual(gone, ['a'])
  await passing.flush()
  assert.deepEqual(gone, ['a', 'b'])
  tick(UNDO_MS)
  assert.deepEqual(gone, ['a', 'b'], 'once each')
})

test('a removal that failed brings its row back', async t => {
  t.after(() => mock.reset())
  const { passing } = begin()
  passing.later('a', 'a', () => Promise.resolve(false))
  await passing.flush()
  assert.equal(passing.leaving.get().size, 0)
})
