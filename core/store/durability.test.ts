import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { Bitset } from '../bitset.ts'
import { addDownload, dirtyExtents, durableLeaves } from './download-repo.ts'
import { Durability } from './durability.ts'
import { NAME_RULES } from '../files/safe-name.ts'
import { PartTree } from './part-tree.ts'
import { bench } from '../testing/sample-download.ts'
import { leafOf, sampleBytes } from '../testing/sample-share.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const TREE = { 'big.bin': sampleBytes(3 * MIB, 'big'), other: sampleBytes(2 * MIB, 'other') }

/** A download's files and what is known of them, without the download; `sync` comes before that of the tree. */
function parts(t: TestContext, sync: (idx: number) => Promise<void> = async () => {}) {
  const it = bench(t, TREE)
  const { layout } = it.indexed.built
  const base = path.join(it.directory, 'things.part')
  mkdirSync(base)
  class Tree extends PartTree {
    override async sync(idx: number): Promise<Uint8Array> {
      await sync(idx)
      return super.sync(idx)
    }
  }
  const tree = new Tree({ layout, base, rules: NAME_RULES.linux, threads: it.store.threads })
  cleanup(t).defer(() => tree.closeAll())
  const { db, late } = it.store
  const { id } = addDownload(db, rootText(layout.root), {
    directory: it.directory,
    name: 'things',
    part: base,
    names: null
  })
  const durable = new Bitset(layout.leafCount)
  const lost: number[] = []
  const onLost = (ordinals: readonly number[]): void => void lost.push(...ordinals)
  const durability = new Durability({ db, late, id, tree, durable, dirty: [], onLost })
  const write = async (ordinal: number): Promise<void> => {
    const idx = layout.fileIndexOf(ordinal)
    const bytes = leafOf(it.indexed, ordinal)
    durability.begin([ordinal])
    await tree.write(idx, layout.leafOffset(ordinal), bytes, layout.files[idx]!.sizeBytes)
    durability.written(ordinal, idx, bytes.length)
  }
  /** What the next run would trust without hashing. */
  const trusted = (): number[] => {
    const left = durableLeaves(db, id, layout.leafCount)
    return Array.from({ length: layout.leafCount }, (_, i) => i).filter(ordinal => left.has(ordinal))
  }
  return { db, durability, write, trusted, lost, dirty: () => dirtyExtents(db, id) }
}

test('a leaf that is lost before its batch is committed is not made durable by it', async t => {
  const { durability, write, trusted } = parts(t)
  await write(0)
  await write(1)
  durability.lose([0])
  await durability.flush()
  assert.deepEqual(trusted(), [1])
})

test('nor is one that is lost while its batch is being synced', async t => {
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { durability, write, trusted } = parts(t, () => {
    reached.resolve()
    return held.promise
  })
  await write(0)
  await write(1)
  const flushed = durability.flush()
  await reached.promise
  durability.lose([0])
  held.resolve()
  await flushed
  assert.deepEqual(trusted(), [1])
})

test('one that is lost and written again meanwhile is durable with its second batch, and dirty until then', async t => {
  const holds = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const reached = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let syncs = 0
  const { durability, write, trusted, dirty } = parts(t, () => {
    const nth = syncs++
    reached[nth]?.resolve()
    return holds[nth]?.promise ?? Promise.resolve()
  })
  await write(0)
  await write(1)
  const flushed = durability.flush()
  await reached[0]!.promise
  durability.lose([0])
  await write(0)
  holds[0]!.resolve()
  await reached[1]!.promise
  assert.deepEqual(trusted(), [1], 'what was synced of it was the wrong one')
  assert.deepEqual(dirty(), [0], 'hashed again after a crash')
  holds[1]!.resolve()
  await flushed
  assert.deepEqual(trusted(), [0, 1])
  assert.deepEqual(dirty(), [])
})

test('one that was durable already is forgotten at once', async t => {
  const { durability, write, trusted } = parts(t)
  await write(0)
  await durability.flush()
  assert.deepEqual(trusted(), [0])
  durability.lose([0])
  assert.deepEqual(trusted(), [])
})

test('a failed sync takes along what was written to that file meanwhile: the system reports it once', async t => {
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let syncs = 0
  const { durability, write, trusted, lost } = parts(t, async () => {
    if (syncs++ > 0) return
    reached.resolve()
    await held.promise
    throw Object.assign(new Error('bad disk'), { code: 'EIO' })
  })
  await write(0)
  const flushed = durability.flush()
  await reached.promise
  await write(1)
  await write(4)
  held.resolve()
  await assert.rejects(flushed, { code: 'not-writable' })
  await durability.flush()
  assert.deepEqual(lost, [0, 1])
  assert.deepEqual(trusted(), [4], 'of another file')
})

test('closed, it touches no file again, though not all could be made durable', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let syncs = 0
  const { durability, write, db } = parts(t, async () => void syncs++)
  await write(0)
  const transaction = t.mock.method(db, 'transaction', () => {
    throw new Error('the index cannot be written just now')
  })
  await durability.close()
  assert.equal(syncs, 1)
  transaction.mock.restore()
  t.mock.timers.tick(60_000)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(syncs, 1, 'the files may be another download’s by now')
})
