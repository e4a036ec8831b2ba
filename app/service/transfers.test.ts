// Downloads that nobody can send, and what the user says of them in quick succession: what was said last counts.
import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { parseRoot, RAW, rootText } from '../../core/cid.ts'
import { systemClock } from '../../core/clock.ts'
import { openHashPool } from '../../core/files/hash-pool.ts'
import { learn } from '../../core/testing/sample-download.ts'
import { writeSample } from '../../core/testing/sample-share.ts'
import { SteppedClock } from '../../core/testing/stepped-clock.ts'
import { openStore } from '../../core/store/store.ts'
import type { TransferEvent } from '../contract/shapes.ts'
import { scratch } from '../testing/sample-application.ts'
import { MAX_OPEN } from './download-queue.ts'
import { type StartOptions, Transfers, type TransfersPorts } from './transfers.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

async function sample(t: TestContext, more: Partial<TransfersPorts> = {}) {
  const dir = await scratch(t)
  const stack = cleanup(t)
  const file = path.join(dir, 'shoal.db')
  const store = stack.use(openStore(file))
  const faults: unknown[] = []
  const transfers = stack.use(
    new Transfers({
      clock: systemClock,
      store,
      swarm: undefined,
      pool: stack.use(openHashPool()),
      sharedLimits: [],
      reserveBytes: () => 0,
      holds: () => {},
      keepSharing: () => true,
      received: () => {},
      activeDownloads: 5,
      discardPart: async () => {},
      log: error => faults.push(error),
      ...more
    })
  )
  const start = (link: string, asked: Partial<StartOptions> = {}): string =>
    transfers.start({ link, directory: dir, selection: null, addrs: [], giveUpAfterMs: null, first: false, ...asked })
      .id
  return { transfers, store, start, faults, dir }
}

/** A link to what nobody has. */
async function nothing(number = 0): Promise<string> {
  return rootText(CID.create(1, RAW, await sha256.digest(Buffer.from(`nothing ${number}`))))
}

/** The last thing that followers are told, or the code of what they are thrown. */
async function lastOf(transfers: Transfers, id: string, signal: AbortSignal): Promise<string> {
  let last: TransferEvent | undefined
  try {
    for await (const event of transfers.follow(id, signal)) last = event
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'thrown'
  }
  return last?.type ?? 'nothing'
}

const limit = { timeout: 30_000 }

test(
  'more files than are got without asking: too-large, before anything is made, until somebody says so',
  limit,
  async t => {
    const { transfers, store, start, dir } = await sample(t, { manyFiles: 3 })
    const files = { 'd/a': Buffer.from('a'), 'd/b': Buffer.from('b'), e: Buffer.from('e') } // and a folder
    const shared = writeSample(path.join(dir, 'elsewhere'), 'things', files)
    learn(store, shared) // what is in it is known, and nobody has it
    const link = rootText(shared.built.root)
    const into = path.join(dir, 'into')
    const asked = { directory: into }
    const id = start(link, asked)
    assert.equal(await lastOf(transfers, id, t.signal), 'too-large')
    assert.match(transfers.feed.get(id)?.error?.message ?? '', /^It has 4 files and folders\..*--many-files/)
    transfers.retry(id)
    assert.equal(await lastOf(transfers, id, t.signal), 'too-large', 'it was not asked again')
    assert.equal(existsSync(into), false)

    const part = path.join(into, `${link}.part`)
    const begun = async (): Promise<void> => {
      while (!existsSync(part)) await turn()
    }
    start(link, { ...asked, manyFiles: true })
    await begun()
    await transfers.pause(id)
    transfers.resume(id)
    await transfers.pause(id)
    assert.equal(store.transfers()[0]?.manyFiles, true, 'nor is it asked about again')
    await transfers.cancel(id)
    rmSync(into, { recursive: true })

    const some = start(link, { ...asked, selection: [0, 2] })
    await begun()
    await transfers.cancel(some)
  }
)

test('one that was being opened when the process ended twice waits until somebody says so', limit, async t => {
  const seen: (number | undefined)[] = [] // what a process that ended just now would leave
  const opened = (): number => {
    seen.push(store.transfers()[0]?.cutOff)
    return 0
  }
  const first = await sample(t, { reserveBytes: opened })
  const { store, dir, transfers } = first
  const shared = writeSample(path.join(dir, 'elsewhere'), 'things', { a: Buffer.from('a'), b: Buffer.from('b') })
  learn(store, shared)
  const into = path.join(dir, 'into')
  const id = first.start(rootText(shared.built.root), { directory: into })
  const until = async (count: number): Promise<void> => {
    while (seen.length < count || store.transfers()[0]?.cutOff != null) await turn()
  }
  await until(1)
  await transfers.pause(id)
  const [row] = store.transfers()
  assert.ok(row != null)

  /** The next run, after one that left this. */
  const next = async (cutOff: number): Promise<Transfers> => {
    store.putTransfer({ ...row, state: 'active', cutOff })
    const again = (await sample(t, { store, reserveBytes: opened })).transfers
    again.resumeAll()
    return again
  }
  await using second = await next(1)
  await until(2)
  await second[Symbol.asyncDispose]()
  assert.deepEqual(seen, [1, 2], 'it is counted before, and was over each time')
  assert.equal(store.transfers()[0]?.state, 'active')

  await using third = await next(2)
  assert.deepEqual([third.feed.get(id)?.state, third.feed.get(id)?.error?.code], ['failed', 'crashed'])
  assert.deepEqual([store.transfers()[0]?.state, store.transfers()[0]?.error], ['failed', 'crashed'])
  third.retry(id)
  await until(3)
  assert.deepEqual(seen, [1, 2, 3], 'tried again')
})

test('paused, and started again before that was over: it goes on, and so do those who followed', limit, async t => {
  const { transfers, start } = await sample(t)
  const id = start(await nothing())
  const last = lastOf(transfers, id, t.signal)
  const paused = transfers.pause(id)
  assert.equal(start(await nothing()), id)
  await paused
  assert.notEqual(transfers.feed.get(id)?.state, 'paused')
  await transfers.pause(id)
  assert.equal(await last, 'paused', 'who followed from the first on hears of the second pause')
})

test('paused twice at once, resumed and paused: each is over, and the last one counts', limit, async t => {
  const { transfers, store, start } = await sample(t)
  const id = start(await nothing())
  const pauses = [transfers.pause(id), transfers.pause(id)]
  transfers.resume(id)
  pauses.push(transfers.pause(id))
  await Promise.all(pauses)
  assert.deepEqual([transfers.feed.get(id)?.state, store.transfers()[0]?.state], ['paused', 'paused'])
})

test('cancelled, and started again before that was over: the new one goes on, and is not what goes', limit, async t => {
  const discarding = Promise.withResolvers<void>()
  let discards = 0
  const discardPart = async (): Promise<void> => {
    discards++
    await discarding.promise
  }
  const { transfers, store, start } = await sample(t, { discardPart })
  const link = await nothing()
  const id = start(link, { selection: [1], addrs: ['/ip4/127.0.0.1/tcp/1'] })
  const last = lastOf(transfers, id, t.signal)
  const cancelled = transfers.cancel(id)
  const again = transfers.cancel(id)
  assert.equal(start(link, { selection: [2] }), id)
  assert.throws(() => transfers.remove(id), { code: 'usage' }, 'it goes on')
  discarding.resolve()
  await Promise.all([cancelled, again])
  assert.equal(await last, 'paused', 'who followed the one that was cancelled is told')
  const [row] = store.transfers()
  assert.deepEqual([row?.selection, row?.addrs, row?.state], [[2], [], 'active'], 'nothing of the first one is left')
  assert.equal(discards, 1)
  assert.equal(transfers.contents.servable(parseRoot(link)), 'not-yet', 'it can be reached')
  const next = lastOf(transfers, id, t.signal)
  await transfers.pause(id)
  assert.equal(await next, 'paused')
  assert.equal(transfers.feed.get(id)?.state, 'paused')
  await transfers.cancel(id)
  assert.deepEqual([transfers.feed.rows(), store.transfers()], [[], []])
})

test('what is being cancelled does not go on by itself', limit, async t => {
  const discarding = Promise.withResolvers<void>()
  const { transfers, store, start } = await sample(t, { discardPart: async () => discarding.promise })
  const id = start(await nothing())
  const cancelled = transfers.cancel(id)
  for (const goOn of ['resume', 'startNow', 'retry'] as const)
    assert.throws(() => transfers[goOn](id), { code: 'not-found' })
  await transfers.pause(id)
  discarding.resolve()
  await cancelled
  assert.deepEqual([transfers.feed.rows(), store.transfers()], [[], []])
})

test('what the disk will not let go is paused when it was cancelled, and followers hear', limit, async t => {
  const { transfers, start } = await sample(t, { discardPart: async () => Promise.reject(new Error('no')) })
  const id = start(await nothing())
  const last = lastOf(transfers, id, t.signal)
  await assert.rejects(transfers.cancel(id), { message: 'no' })
  assert.equal(await last, 'paused')
  assert.equal(transfers.feed.get(id)?.state, 'paused')
  transfers.resume(id)
  assert.notEqual(transfers.feed.get(id)?.state, 'paused')
})

test('paused and removed before that was over: it stays away', limit, async t => {
  const { transfers, store, start } = await sample(t)
  const id = start(await nothing())
  const paused = transfers.pause(id)
  transfers.remove(id)
  await paused
  assert.deepEqual([transfers.feed.rows(), store.transfers()], [[], []])
})

test(
  'failed, and started again before that was over: the first follower hears that it failed, the next one goes on',
  limit,
  async t => {
    const { transfers, start } = await sample(t)
    const link = await nothing()
    const id = start(link, { giveUpAfterMs: 1 })
    const first = lastOf(transfers, id, t.signal)
    while (transfers.feed.get(id)?.state !== 'failed') await turn()
    start(link)
    const second = lastOf(transfers, id, t.signal)
    assert.equal(await first, 'no-providers')
    await transfers.pause(id)
    assert.equal(await second, 'paused')
  }
)

test('addresses that came with a link of what is queued already are kept', limit, async t => {
  const { transfers, store, start } = await sample(t, { activeDownloads: 1 })
  start(await nothing(1))
  const id = start(await nothing(2))
  const before = store.transfers().find(row => row.root !== '' && row.addrs.length === 0)
  assert.ok(before != null)
  assert.equal(start(await nothing(2), { addrs: ['/ip4/127.0.0.1/tcp/9'] }), id)
  const { queueOrder, addrs } = store.transfers().find(row => row.addrs.length > 0) ?? assert.fail('not kept')
  assert.deepEqual([addrs, queueOrder], [['/ip4/127.0.0.1/tcp/9'], 2])
  assert.equal(transfers.feed.rows().length, 2)
})

test('of more that were asked for by name than may be open, each is given up when its time is over', limit, async t => {
  const clock = new SteppedClock()
  const { transfers, start } = await sample(t, { clock })
  const count = MAX_OPEN + 5
  for (let i = 0; i < count; i++) start(await nothing(i), { first: true, giveUpAfterMs: 70_000 })
  const failed = (): number => transfers.feed.rows().filter(({ state }) => state === 'failed').length
  const pass = async (ms: number): Promise<void> => {
    for (const end = clock.now() + ms; clock.now() < end; clock.step(1_000)) await turn() // so that runs begin and end
  }
  await pass(65_000)
  assert.equal(failed(), 0)
  await pass(150_000)
  assert.equal(failed(), count, 'also those that made room for another one after a minute')
  assert.ok(transfers.feed.rows().every(({ error }) => error?.code === 'no-providers'))
})
