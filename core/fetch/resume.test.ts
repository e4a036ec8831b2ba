// The shell over the store's own Download: stopped and gone on with, from another peer, into real files.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { openDownload } from '../store/open-download.ts'
import { scratch } from '../testing/sample-share.ts'
import { openStore, type Store } from '../store/store.ts'
import type { FetchPorts } from './ports.ts'
import {
  type Content,
  ContentServable,
  sampleBytes,
  sampleContent,
  sampleFetch,
  samplePeer
} from '../testing/sample-swarm.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1_048_576
const limit = { timeout: 120_000 }

function storePorts(store: Store, directory: string, content: Content): Partial<FetchPorts> {
  const root = rootText(content.built.root)
  return {
    skeleton: {
      parts: () => store.skeletonParts(root),
      append: (offset, bytes) => store.appendSkeleton(root, offset, bytes)
    },
    findLeaf: async digest => store.readLeaf(digest),
    openDownload: async (layout, signal) => {
      return openDownload(store, { layout, name: 'things', directory, reserveBytes: 0 }, signal)
    }
  }
}

async function seed(t: TestContext, id: string, servable: ContentServable) {
  return (await samplePeer(t, id, servable)).requester
}

test('stopped half way, gone on with from another peer: nothing comes twice', limit, async t => {
  const content = sampleContent({
    'big.bin': sampleBytes(8 * MIB + 1, 'big'),
    'more/empty': new Uint8Array(0),
    ...Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`more/${i}`, sampleBytes(3_000 + i, `${i}`)]))
  })
  const { layout } = content.built
  const dir = scratch(t)
  const store = openStore(path.join(dir, 'shoal.db'))
  cleanup(t).defer(() => store[Symbol.dispose]())
  const ports = storePorts(store, dir, content)

  const partial = new ContentServable(content, false)
  partial.hold(0, Math.floor(layout.leafCount / 2))
  const first = sampleFetch(t, content, { ports })
  first.fetch.addPeer(await seed(t, 'first', partial), { rttMs: 1 })
  await first.until(() => first.fetch.snapshot().state === 'stalled')
  const half = first.fetch.snapshot()
  assert.equal(half.waitingFor, undefined, 'bytes came just now')
  assert.ok(half.bytes != null && half.bytes > 0 && half.bytes < content.bytes.length)
  await first.fetch[Symbol.asyncDispose]()

  const second = sampleFetch(t, content, { ports })
  second.fetch.addPeer(await seed(t, 'second', new ContentServable(content)), { rttMs: 1 })
  const { path: at } = await second.fetch.done
  assert.equal(second.fetch.snapshot().received + half.bytes, content.bytes.length)
  assert.equal(readFileSync(path.join(at, 'more', 'empty')).length, 0)
  assert.deepEqual(readFileSync(path.join(at, 'big.bin')), sampleBytes(8 * MIB + 1, 'big'))
  assert.deepEqual(readFileSync(path.join(at, 'more', '7')), sampleBytes(3_007, '7'))
})

test('what a share on this device holds is not fetched', limit, async t => {
  const dir = scratch(t)
  const store = openStore(path.join(dir, 'shoal.db'))
  cleanup(t).defer(() => store[Symbol.dispose]())
  const one = sampleContent({ '': sampleBytes(3 * MIB, 'one') })
  const ports = storePorts(store, path.join(dir, 'one'), one)
  const first = sampleFetch(t, one, { ports })
  first.fetch.addPeer(await seed(t, 'a', new ContentServable(one)), { rttMs: 1 })
  await first.fetch.done

  const both = sampleContent({ 'a/one': sampleBytes(3 * MIB, 'one'), 'b/two': sampleBytes(MIB + 9, 'two') })
  const second = sampleFetch(t, both, { ports: storePorts(store, path.join(dir, 'both'), both) })
  second.fetch.addPeer(await seed(t, 'b', new ContentServable(both)), { rttMs: 1 })
  await second.fetch.done
  assert.equal(second.fetch.snapshot().received, MIB + 9)
})
