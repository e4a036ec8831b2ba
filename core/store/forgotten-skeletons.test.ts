// Skeletons that were fetched to show what a link holds, and that nothing came of.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { scratch, writeSample } from '../testing/sample-share.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000
const never = new AbortController().signal

function open(t: TestContext) {
  const clock = { now: 5 * DAY_MS }
  const store = openStore(':memory:', { now: () => clock.now })
  cleanup(t).defer(() => store[Symbol.dispose]())
  const fetched = (root: string, mebibytes: number): void => {
    for (let i = 0; i < mebibytes; i++) store.appendSkeleton(root, i * MIB, new Uint8Array(MIB))
  }
  const roots = (): unknown[] =>
    store.db.all<{ cid: string }>(`SELECT cid FROM root WHERE cid <> '' ORDER BY id`).map(it => it.cid)
  const after = async (ms: number): Promise<unknown[]> => {
    clock.now += ms
    await store.dropForgottenSkeletons(never)
    return roots()
  }
  return { store, fetched, after, roots }
}

test('a skeleton is gone a day after it was last looked into, whatever the clock was then', async t => {
  const { store, fetched, after } = open(t)
  fetched('one', 20)
  fetched('two', 1)
  assert.deepEqual(await after(DAY_MS - 1), ['one', 'two'])
  using _ = store.keepSkeleton('two')
  assert.deepEqual(await after(2), ['two'], 'somebody looked at it again')
  assert.equal(store.db.get<{ rows: number }>('SELECT count(*) AS rows FROM skeleton')!.rows, 1)
  fetched('three', 1)
  assert.deepEqual(
    await after(-3 * DAY_MS),
    ['two'],
    'one from the future, as a clock that was wrong leaves it, goes too'
  )
})

test('one that is looked into stays, and so does what a share, a transfer or a download speaks of', async t => {
  const { store, fetched, after } = open(t)
  const indexed = writeSample(scratch(t), 'x', { 'a.txt': Buffer.from('hello') })
  const shared = rootText((await store.addShare(indexed)) && indexed.built.root)
  fetched('got', 2)
  store.putTransfer({
    root: 'got',
    directory: '/d',
    name: 'got',
    state: 'paused',
    addrs: [],
    bytes: 0,
    addedAt: 1,
    changedAt: 1,
    queueOrder: 1
  })
  fetched('shown', 9)
  const first = store.keepSkeleton('shown')
  const second = store.keepSkeleton('shown')
  first[Symbol.dispose]()
  assert.deepEqual(await after(9 * DAY_MS), [shared, 'got', 'shown'])
  second[Symbol.dispose]()
  assert.deepEqual(await after(DAY_MS - 1), [shared, 'got', 'shown'], 'a day from when it was closed')
  assert.deepEqual(await after(2), [shared, 'got'])
  assert.equal(store.skeletonBytes('got'), 2 * MIB)
})

test('a big one goes from its end, a few MiB at a time; whoever wants it meanwhile keeps what is left', async t => {
  const { store, fetched } = open(t)
  fetched('big', 40)
  store.db.run('UPDATE root SET used_at = 1')
  const dropping = store.dropForgottenSkeletons(never)
  const left = store.skeletonBytes('big')
  assert.ok(left > 0 && left < 40 * MIB, `${left} bytes`)
  store.putTransfer({
    root: 'big',
    directory: '/d',
    name: 'big',
    state: 'active',
    addrs: [],
    bytes: 0,
    addedAt: 1,
    changedAt: 1,
    queueOrder: 1
  })
  await dropping
  assert.equal(store.skeletonBytes('big'), left)
  assert.equal(
    [...store.skeletonParts('big')].reduce((sum, it) => sum + it.length, 0),
    left
  )
})
