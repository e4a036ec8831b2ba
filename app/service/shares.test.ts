import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { rootText } from '../../core/cid.ts'
import { SteppedClock } from '../../core/testing/stepped-clock.ts'
import { scratch, writeSample } from '../../core/testing/sample-share.ts'
import { openStore, type Store } from '../../core/store/store.ts'
import type { Share } from '../contract/shapes.ts'
import { Shares } from './shares.ts'

/** Of a node that nobody knows. */
const sharesOf = (store: Store, clock: SteppedClock): Shares =>
  new Shares(
    {
      store,
      addrs: () => [],
      served: () => ({ copies: 0, readers: 0, sentBytes: 0 }),
      others: () => [],
      provide: () => {},
      unprovide: () => {},
      forget: () => false
    },
    clock
  )

test('what changed on disk is told to whoever watches, though nobody fetches it', { timeout: 20_000 }, async t => {
  const dir = scratch(t)
  using store = openStore(path.join(dir, 'shoal.db'))
  const indexed = writeSample(dir, 'things', { 'a.txt': Buffer.from('as it was'), 'b.txt': Buffer.from('b') })
  await store.addShare(indexed)
  const root = rootText(indexed.built.root)
  const clock = new SteppedClock()
  using shares = sharesOf(store, clock)
  const watching = shares.watched(t.signal)
  const next = async (wanted: Share['state']): Promise<void> => {
    for (;;) {
      const { value, done } = await watching.next()
      if (done === true) return assert.fail('the feed ended')
      if (value.rows.some(row => row.root === root && row.state === wanted)) return
    }
  }
  writeFileSync(path.join(dir, 'things/a.txt'), 'as it is')
  await next('ready')
  await next('changed') // looked at because somebody came
  rmSync(path.join(dir, 'things/b.txt'))
  assert.equal(store.share(root)?.state, 'changed')
  writeFileSync(path.join(dir, 'things/a.txt'), 'as it was')
  const passing = setInterval(() => clock.step(180_000), 20) // time goes by until the next look
  await next('missing').finally(() => clearInterval(passing)) // a is what it was again, b is gone
  await watching.return(undefined)
})

test('a share says which job made it, until it is shared no more', async t => {
  const dir = scratch(t)
  using store = openStore(path.join(dir, 'shoal.db'))
  const indexed = writeSample(dir, 'things', { 'a.txt': Buffer.from('a') })
  using shares = sharesOf(store, new SteppedClock())
  const root = rootText(indexed.built.root)
  await store.addShare(indexed)
  assert.equal(shares.feed.get(root)?.job, null)
  shares.madeBy(root, 'j1')
  assert.equal(shares.feed.get(root)?.job, 'j1')
  shares.remove(root)
  await store.addShare(indexed)
  assert.equal(shares.feed.get(root)?.job, null)
})
