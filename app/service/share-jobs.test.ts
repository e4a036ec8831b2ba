import assert from 'node:assert/strict'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { DataDirs } from '../../core/files/data-dirs.ts'
import { openHashPool } from '../../core/files/hash-pool.ts'
import { openStore } from '../../core/store/store.ts'
import type { ShareJob } from '../contract/shapes.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import { scratch } from '../testing/sample-application.ts'
import { ShareJobs } from './share-jobs.ts'
import { settled, stepped } from '../testing/settled-clock.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

async function bench(t: TestContext, clock: Clock = systemClock) {
  const dir = await scratch(t)
  const stack = cleanup(t)
  const store = stack.use(openStore(path.join(dir, 'shoal.db')))
  const pool = stack.use(openHashPool())
  const made: [root: string, job: string][] = []
  const jobs = stack.use(
    new ShareJobs(
      {
        store,
        dataDirs: new DataDirs(),
        pool,
        shared: (row, _root, job) => made.push([row.root, job]),
        outdated: () => {},
        linkOf: () => '',
        log: error => assert.fail(String(error))
      },
      clock
    )
  )
  const tree = path.join(dir, 'Things')
  await mkdir(tree)
  /** Every state of the job's row, the last one when it is over. */
  const follow = async (job: string): Promise<ShareJob[]> => {
    const rows: ShareJob[] = []
    for await (const shown of jobs.rows(t.signal)) {
      const row = shown.find(it => it.job === job)
      if (row != null) rows.push(row)
      if (row != null && row.state !== 'indexing') return rows
    }
    return assert.fail('the feed ended')
  }
  return { jobs, tree, follow, made }
}

test('a share is told with the job that made it', { timeout: 20_000 }, async t => {
  const { jobs, tree, follow, made } = await bench(t)
  await writeFile(path.join(tree, 'a'), 'a')
  const id = jobs.create([tree], false)
  const done = (await follow(id)).at(-1)
  assert.deepEqual(made, [[done?.root, id]])
})

test('what is left out of a share is told by its job', { timeout: 20_000 }, async t => {
  const { jobs, tree, follow } = await bench(t)
  await writeFile(path.join(tree, 'a'), 'a')
  for (let n = 10; n < 22; n++) await symlink('/', path.join(tree, `out ${n}`))
  const last = (await follow(jobs.create([tree], false))).at(-1)
  assert.equal(last?.state, 'done')
  assert.equal(last.leftOut?.count, 12)
  assert.equal(last.leftOut.names.length, 10)
  assert.ok(
    last.leftOut.names.every(name => /out \d\d$/.test(name)),
    last.leftOut.names.join()
  )
})

test(
  'a folder with something unreadable in it is shared without that when the user says so',
  { timeout: 20_000 },
  async t => {
    const { jobs, tree, follow } = await bench(t)
    await writeFile(path.join(tree, 'a'), 'a')
    await writeFile(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]), 'no UTF-8')
    const id = jobs.create([tree], false)
    const failed = (await follow(id)).at(-1)
    assert.deepEqual([failed?.state, failed?.error?.code, failed?.leftOut?.count], ['failed', 'unreadable', 1])
    const done = (await follow(jobs.withoutUnreadable(id))).at(-1)
    assert.deepEqual([done?.state, done?.files, done?.leftOut?.count], ['done', 1, 1])
    assert.throws(() => jobs.withoutUnreadable(id), { code: 'not-found' })
  }
)

test(
  'a job tells how long still as soon as that is known, and no rate when it is over',
  { timeout: 60_000 },
  async t => {
    const { jobs, tree, follow } = await bench(t)
    await writeFile(path.join(tree, 'big'), '')
    await truncate(path.join(tree, 'big'), 12e9) // sparse: takes no room, and some seconds to read
    const id = jobs.create([tree], false)
    const rows = follow(id)
    for await (const [row] of jobs.rows(t.signal)) {
      if (row == null || row.state !== 'indexing') return assert.fail('over before it was said how long it takes')
      if (row.secondsLeft == null) continue
      assert.ok(row.rate > 0 && row.secondsLeft > 0)
      break
    }
    await jobs.cancel(id)
    const all = await rows
    assert.deepEqual([all[0]?.secondsLeft, all.at(-1)?.rate, all.at(-1)?.secondsLeft], [null, 0, null])
  }
)

test('what is over is shown for a moment, and nothing is left of it when Shoal stops', { timeout: 20_000 }, async t => {
  const { clock, step } = stepped()
  const { jobs, tree, follow } = await bench(t, clock)
  await writeFile(path.join(tree, 'a'), 'a')
  await follow(jobs.create([tree], false))
  await settled()
  assert.equal(clock.due, 1)
  await step(10_000)
  assert.equal(clock.due, 0)
  await follow(jobs.create([tree], false))
  await jobs[Symbol.asyncDispose]()
  assert.equal(clock.due, 0)
})
