import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CodedError } from '../errors.ts'
import { systemClock } from '../clock.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'
import { HaveKind } from '../exchange/codes.ts'
import { SampleServables } from '../testing/sample-servable.ts'
import { giveUpCode } from './give-up.ts'
import type { FetchPorts } from './ports.ts'
import {
  ContentServable,
  type Content,
  sampleBytes,
  sampleContent,
  sampleFetch,
  samplePeer
} from '../testing/sample-swarm.ts'

const MIB = 1_048_576
const limit = { timeout: 120_000 }

const bigFile = sampleContent({ '': sampleBytes(12 * MIB + 5, 'big') })
const tree = sampleContent({
  'a.bin': sampleBytes(3 * MIB, 'a'),
  'docs/empty': new Uint8Array(0),
  'docs/one': Uint8Array.of(1),
  'docs/twin': sampleBytes(3 * MIB, 'a').subarray(MIB),
  ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`small/${i}`, sampleBytes(4096 + i, `s${i}`)]))
})

const unknown = Array.from({ length: 100 }, (_, i) => sampleContent({ '': Uint8Array.of(i, 1, 2) }))

async function seeds(t: TestContext, content: Content, count: number) {
  return Promise.all(Array.from({ length: count }, (_, i) => samplePeer(t, `seed-${i}`, new ContentServable(content))))
}

for (const [name, content] of Object.entries({
  'a file of many leaves': bigFile,
  'a folder with twins, small and empty files': tree,
  'a file of one leaf': sampleContent({ '': sampleBytes(MIB, 'one') }),
  'a file of one byte': sampleContent({ '': Uint8Array.of(7) })
})) {
  test(`${name} arrives from two peers`, limit, async t => {
    const it = sampleFetch(t, content)
    for (const seed of await seeds(t, content, 2)) it.fetch.addPeer(seed.requester, { rttMs: 1 })
    assert.equal((await it.fetch.done).path, 'there')
    assert.deepEqual(it.download.bytes(), content.bytes)
    assert.deepEqual(it.download.twice, [])
    const snapshot = it.fetch.snapshot()
    assert.equal(snapshot.state, 'complete')
    assert.equal(snapshot.bytes, snapshot.total)
    assert.ok(snapshot.received <= content.bytes.length && snapshot.sources >= 1)
    assert.equal(snapshot.duplicate, 0)
    assert.deepEqual(it.stored.bytes, content.skeleton)
  })
}

test('what is empty needs nobody', limit, async t => {
  for (const content of [sampleContent({ '': new Uint8Array(0) }), sampleContent({})]) {
    const it = sampleFetch(t, content)
    await it.fetch.done
    assert.deepEqual(it.stored.bytes, content.skeleton)
    assert.equal(it.fetch.snapshot().received, 0)
  }
})

test('10,000 small files are not 10,000 round trips', limit, async t => {
  const files = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`${i % 9}/${i}`, sampleBytes(2_048, `f${i}`)])
  )
  const content = sampleContent(files)
  const it = sampleFetch(t, content)
  const [seed] = await seeds(t, content, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), content.bytes)
  const { request, skeleton } = seed!.requester.sent
  assert.ok(request <= 40, `${request} requests`)
  assert.ok(skeleton <= 6, `${skeleton} skeleton ranges`)
})

test('a liar is found out leaf by leaf and banned; an honest peer finishes the job', limit, async t => {
  const liar = new ContentServable(bigFile)
  for (let i = 0; i < bigFile.built.layout.leafCount; i++) liar.tampered.set(i, new Uint8Array(liar.leafBytes(i)))
  const it = sampleFetch(t, bigFile)
  it.fetch.addPeer((await samplePeer(t, 'liar', liar)).requester, { rttMs: 1 })
  await it.until(() => it.banned.length > 0)
  assert.equal(giveUpCode(it.fetch.snapshot()), 'hash-mismatch')
  assert.equal(it.fetch.snapshot().bytes, 0)
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.deepEqual(it.banned, ['liar'])
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
  assert.equal(it.fetch.snapshot().sources, 1)
})

test('a peer dying mid-block costs nothing that had arrived', limit, async t => {
  const it = sampleFetch(t, bigFile)
  const [one, two] = await seeds(t, bigFile, 2)
  it.download.beforeWrite = async () => {
    if (it.download.written.size === 3) one!.die()
  }
  it.fetch.addPeer(one!.requester, { rttMs: 1 })
  it.fetch.addPeer(two!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.ok(one!.requester.closed)
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
  assert.deepEqual(it.download.twice, [])
})

test('without anybody it says so, and goes on with another peer', limit, async t => {
  const it = sampleFetch(t, bigFile)
  await it.until(() => it.fetch.snapshot().noProgressSinceMs != null)
  assert.equal(it.fetch.snapshot().state, 'resolve')
  assert.equal(it.fetch.snapshot().waitingFor, 'peers')
  const [one, two] = await seeds(t, bigFile, 2)
  let diedAt = 0
  it.download.beforeWrite = async () => {
    if (it.download.written.size !== 4) return
    one!.die()
    diedAt = performance.now()
  }
  it.fetch.addPeer(one!.requester, { rttMs: 1 })
  await it.until(() => it.fetch.snapshot().state === 'stalled')
  assert.ok(performance.now() - diedAt < 8_000, 'known at once, not by its silence')
  assert.equal(giveUpCode(it.fetch.snapshot()), 'no-providers')
  it.fetch.addPeer(two!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
})

test('a changed source is honest: remembered, never banned, asked for the rest', limit, async t => {
  const changed = new ContentServable(bigFile)
  changed.tampered.set(3, 'source-changed').set(9, 'source-changed')
  const it = sampleFetch(t, bigFile)
  it.fetch.addPeer((await samplePeer(t, 'changed', changed)).requester, { rttMs: 1 })
  await it.until(() => it.fetch.snapshot().state === 'stalled')
  assert.equal(giveUpCode(it.fetch.snapshot()), 'source-changed')
  assert.equal(it.download.written.size, bigFile.built.layout.leafCount - 2)
  assert.deepEqual(it.banned, [])
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
})

test('a full disk holds everything; with room again it goes on', limit, async t => {
  const it = sampleFetch(t, bigFile)
  let full = true
  it.download.beforeWrite = async () => {
    if (full && it.download.written.size >= 3) throw new CodedError('disk-full', 'Full')
  }
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.until(() => it.fetch.snapshot().state === 'disk-full')
  assert.equal(it.fetch.snapshot().waitingFor, 'disk')
  await it.until(() => it.download.queuedBytes === 0)
  const kept = it.download.written.size
  assert.ok(kept >= 3)
  full = false
  it.fetch.resume()
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
  assert.deepEqual(it.download.twice, [])
})

test('no room to keep the skeleton: a transfer waits and goes on, a preview says so', limit, async t => {
  let full = true
  let kept = Buffer.alloc(0)
  const skeleton: FetchPorts['skeleton'] = {
    parts: () => (kept.length === 0 ? [] : [kept]),
    append: (offset, bytes) => {
      if (full) throw new CodedError('disk-full', 'Full')
      assert.equal(offset, kept.length)
      kept = Buffer.concat([kept, bytes])
    }
  }
  const preview = sampleFetch(t, bigFile, { mode: 'preview', ports: { skeleton } })
  const it = sampleFetch(t, bigFile, { ports: { skeleton } })
  const [seed, another] = await seeds(t, bigFile, 2)
  preview.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await assert.rejects(preview.fetch.layout(), { code: 'disk-full' })
  it.fetch.addPeer(another!.requester, { rttMs: 1 })
  await it.until(() => it.fetch.snapshot().state === 'disk-full')
  full = false
  it.fetch.resume()
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
  assert.deepEqual(kept, bigFile.skeleton)
})

test('finishing that fails for want of room is tried again', limit, async t => {
  const it = sampleFetch(t, bigFile)
  let full = true
  it.download.beforeFinish = async () => {
    if (full) throw new CodedError('disk-full', 'Full')
  }
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.until(() => it.fetch.snapshot().state === 'disk-full')
  full = false
  it.fetch.resume()
  await it.fetch.done
})

test('pause asks for nothing more, resume goes on, nothing twice', limit, async t => {
  const it = sampleFetch(t, bigFile)
  const [seed] = await seeds(t, bigFile, 1)
  const servable = seed!.servable as ContentServable // samplePeer was given one
  const held = Promise.withResolvers<void>()
  let reads = 0
  servable.beforeRead = async () => {
    if (++reads > 4) await held.promise
  }
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.until(() => it.download.written.size === 4)
  it.fetch.pause()
  assert.equal(it.fetch.snapshot().state, 'paused')
  await it.until(() => seed!.requester.sent.cancel > 0)
  assert.notEqual(it.fetch.snapshot().peers[0]?.state, 'snubbed', 'not by the pause')
  const { request } = seed!.requester.sent
  held.resolve()
  it.fetch.resume()
  await it.fetch.done
  assert.ok(seed!.requester.sent.request > request)
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
  assert.deepEqual(it.download.twice, [])
})

test('without a turn it hears who could send and asks for nothing; a lost turn keeps everything', limit, async t => {
  const content = sampleContent({ a: sampleBytes(40 * MIB, 'turn'), b: sampleBytes(10, 'turn') })
  const peer = await samplePeer(t, 'p', new ContentServable(content), { ratePerSecond: 40 * MIB })
  const it = sampleFetch(t, content, { hasTurn: false })
  assert.equal(it.fetch.canReceive, false)
  it.fetch.addPeer(peer.requester, { rttMs: 1 })
  await it.until(() => it.fetch.canReceive)
  assert.equal(peer.requester.sent.skeleton + peer.requester.sent.request, 0)
  assert.equal(it.fetch.snapshot().noProgressSinceMs, undefined, 'its time has not begun')
  it.fetch.setTurn(true)
  await it.until(() => it.download.written.size >= 2)
  it.fetch.setTurn(false)
  await it.until(() => it.download.queuedBytes === 0)
  const asked = peer.requester.sent.request
  assert.ok(it.fetch.canReceive, 'as far as it was said')
  peer.die()
  await it.until(() => !it.fetch.canReceive)
  assert.ok(it.fetch.snapshot().noProgressSinceMs != null, 'it had its turn, and nobody could send now')
  assert.equal(peer.requester.sent.request, asked)
  const other = await samplePeer(t, 'q', new ContentServable(content))
  it.fetch.addPeer(other.requester, { rttMs: 1 })
  await it.until(() => it.fetch.canReceive)
  it.fetch.setTurn(true)
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), content.bytes)
  assert.deepEqual(it.download.twice, [], 'nothing came twice')
})

test('a preview gives the layout and fetches nothing until it is started', limit, async t => {
  const it = sampleFetch(t, tree, { mode: 'preview' })
  const [seed] = await seeds(t, tree, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  const layout = await it.fetch.layout()
  assert.deepEqual(
    layout.files.map(file => file.path),
    tree.built.layout.files.map(file => file.path)
  )
  assert.equal(it.fetch.snapshot().state, 'ready')
  assert.equal(seed!.requester.sent.request, 0)
  it.fetch.start()
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), tree.bytes)
})

test('the preview of a single block takes a word for its length, the transfer does not', limit, async t => {
  const content = sampleContent({ '': sampleBytes(70_000, 'x') })
  const it = sampleFetch(t, content, { mode: 'preview' })
  const boaster = new ContentServable(content)
  Object.defineProperty(boaster, 'sizeBytes', { value: 12 })
  const peer = await samplePeer(t, 'boaster', boaster)
  it.fetch.addPeer(peer.requester, { rttMs: 1 })
  assert.equal((await it.fetch.layout()).sizeBytes, 12)
  assert.equal(peer.requester.sent.request, 0)
  it.fetch.start()
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), content.bytes)
})

test('only the chosen files are asked for; what is on this device is copied', limit, async t => {
  const { layout } = tree.built
  const [first] = layout.files
  const wanted = Array.from({ length: 3 }, (_, i) => first!.start + i)
  const it = sampleFetch(t, tree, { wanted })
  it.download.local = [wanted[0]!]
  const [seed] = await seeds(t, tree, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.equal(it.fetch.snapshot().received, 2 * MIB)
  assert.deepEqual(
    [...it.download.written.keys()].sort((a, b) => a - b),
    wanted
  )
})

test('a skeleton begun by an earlier run goes on where it ended', limit, async t => {
  const files = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`d${i}/f`, sampleBytes(10, `${i}`)]))
  const content = sampleContent(files)
  const whole = sampleFetch(t, content)
  const [seed] = await seeds(t, content, 1)
  whole.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await whole.fetch.done
  const first = content.built.skeleton[0]!.length
  const it = sampleFetch(t, content, { stored: content.skeleton.subarray(0, first) })
  const [again] = await seeds(t, content, 1)
  it.fetch.addPeer(again!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.deepEqual(it.stored.bytes, content.skeleton)
  const stored = sampleFetch(t, content, { stored: content.skeleton, mode: 'preview' })
  assert.equal((await stored.fetch.layout()).leafCount, 600)
})

test('a preview and a transfer of one root store one skeleton together', limit, async t => {
  const files = Object.fromEntries(
    Array.from({ length: 900 }, (_, i) => [`${'d'.repeat(200)}${i}/f`, sampleBytes(10, `${i}`)])
  )
  const content = sampleContent(files)
  const it = sampleFetch(t, content)
  const preview = sampleFetch(t, content, { mode: 'preview', ports: { skeleton: it.skeleton } })
  for (const { fetch } of [it, preview]) fetch.addPeer((await seeds(t, content, 1))[0]!.requester, { rttMs: 1 })
  await preview.fetch.layout()
  await it.fetch.done
  assert.deepEqual(it.stored.bytes, content.skeleton)
})

test('ending it cancels everything and keeps what is there', limit, async t => {
  const it = sampleFetch(t, bigFile)
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  const begun = Promise.withResolvers<void>()
  it.download.beforeWrite = async () => {
    begun.resolve()
    await new Promise(resolve => setImmediate(resolve))
  }
  await begun.promise
  await it.fetch[Symbol.asyncDispose]()
  await assert.rejects(it.fetch.done, { code: 'cancelled' })
  assert.equal(it.fetch.snapshot().peers.length, 0)
  assert.equal(seed!.requester.closed, false)
})

test('two getters help each other: a downloading peer serves what it has', limit, async t => {
  const halves = [new ContentServable(bigFile, false), new ContentServable(bigFile, false)]
  const { leafCount } = bigFile.built.layout
  halves[0]!.hold(0, 6)
  halves[1]!.hold(6, leafCount)
  const one = sampleFetch(t, bigFile)
  const two = sampleFetch(t, bigFile)
  one.fetch.addPeer((await samplePeer(t, 'left', halves[0]!)).requester, { rttMs: 1 })
  two.fetch.addPeer((await samplePeer(t, 'right', halves[1]!)).requester, { rttMs: 1 })
  const peer = await samplePeer(t, 'two', two.download)
  one.fetch.addPeer(peer.requester, { rttMs: 1 })
  two.fetch.addPeer((await samplePeer(t, 'one', one.download)).requester, { rttMs: 1 })
  await Promise.all([one.fetch.done, two.fetch.done])
  assert.deepEqual(one.download.bytes(), bigFile.bytes)
  assert.deepEqual(two.download.bytes(), bigFile.bytes)
  await one.until(() => peer.haves.at(-1)?.kind === HaveKind.FULL)
  assert.ok(peer.haves.length < leafCount, 'told in batches')
})

for (const at of [0, 30, 60]) {
  test(
    `sixty transfers that wait at the same peer do not keep number ${at + 1} of them from going on`,
    limit,
    async t => {
      const [seed] = await seeds(t, tree, 1)
      const fetches = Array.from({ length: 61 }, (_, i) =>
        sampleFetch(t, i === at ? tree : unknown[i]!, { hasTurn: i === at })
      )
      for (const { fetch } of fetches) assert.ok(fetch.addPeer(seed!.requester, { rttMs: 1 }))
      await fetches[at]!.fetch.done
      assert.deepEqual(fetches[at]!.download.bytes(), tree.bytes)
      assert.equal(seed!.requester.closed, false)
      const opens = (): number => seed!.server.peers()[0]?.received.open ?? 0
      await fetches[at]!.until(() => opens() >= 61)
      assert.equal(opens(), 61, 'each was asked about once')
    }
  )
}

test(
  'a peer that serves a hundred roots is asked about the wanted one at once, and about the others in turn',
  limit,
  async t => {
    const seed = await samplePeer(t, 'seed', new ContentServable(tree), {
      servables: new SampleServables(...[tree, ...unknown].map(content => new ContentServable(content)))
    })
    const previews = unknown.map(content => sampleFetch(t, content, { mode: 'preview' }))
    for (const { fetch } of previews) fetch.addPeer(seed.requester, { rttMs: 1 })
    await previews[59]!.until(() => previews.slice(0, 60).every(it => it.fetch.snapshot().state === 'ready'))
    const it = sampleFetch(t, tree)
    it.fetch.addPeer(seed.requester, { rttMs: 1 })
    await it.fetch.done
    assert.equal(seed.requester.closed, false)
  }
)

/** A transfer from one peer in stepped time. */
async function stepped(t: TestContext, content: Content) {
  const servable = new ContentServable(content)
  const seed = await samplePeer(t, 'seed', servable)
  const clock = new SteppedClock()
  const it = sampleFetch(t, content, { ports: { clock } })
  it.fetch.addPeer(seed.requester, { rttMs: 1 })
  const pass = async (ms: number, until: () => boolean = () => false): Promise<void> => {
    for (const end = clock.now() + ms; clock.now() < end && !until(); clock.step(250)) {
      for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  return { ...it, servable, pass, asked: () => seed.server.peers()[0]?.received.request ?? 0 }
}

test('what the only source could not read for a moment is asked for again, and arrives', limit, async t => {
  for (const content of [tree, sampleContent({ '': Uint8Array.of(7, 8) })]) {
    const it = await stepped(t, content)
    let reads = 0
    it.servable.beforeRead = async ordinal => {
      if (ordinal === 0 && ++reads <= 2) throw new CodedError('unreadable', 'Too many open files')
    }
    await it.pass(10_000, () => it.download.finished)
    assert.ok(it.download.finished, 'it never came')
    await it.fetch.done
    assert.deepEqual(it.download.bytes(), content.bytes)
    assert.equal(reads, 3)
  }
})

test('what the only source can never read is asked for seldom, and given up like what nobody has', limit, async t => {
  for (const content of [tree, sampleContent({ '': Uint8Array.of(9) })]) {
    const it = await stepped(t, content)
    it.servable.tampered.set(0, 'unreadable')
    await it.pass(150_000)
    assert.ok((it.fetch.snapshot().noProgressSinceMs ?? 0) >= 140_000)
    assert.ok(it.asked() < 20, `${it.asked()} requests`)
  }
})

test('a peer that has no skeleton yet is asked again, as soon as it said', limit, async t => {
  const servable = new ContentServable(bigFile)
  const servables = new SampleServables(servable)
  servables.byRoot.set(servable.root.toString(), 'not-yet')
  const clock = {
    now: () => systemClock.now(),
    after: (ms: number, call: () => void) => systemClock.after(ms / 50, call)
  }
  const it = sampleFetch(t, bigFile, { ports: { clock } })
  const peer = await samplePeer(t, 'later', servable, { servables })
  it.fetch.addPeer(peer.requester, { rttMs: 1 })
  await it.until(() => peer.requester.sent.open >= 2)
  assert.equal(it.fetch.snapshot().state, 'resolve')
  servables.byRoot.set(servable.root.toString(), servable)
  await it.fetch.done
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
})

test('a transfer keeps to its part of the memory', limit, async t => {
  const it = sampleFetch(t, bigFile, { roomBytes: () => 2 * MIB })
  const [seed] = await seeds(t, bigFile, 1)
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.ok(seed!.requester.sent.request >= 6, 'at most two leaves a request')
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
})

test('a leaf that is lost after it was written is fetched again', limit, async t => {
  const it = sampleFetch(t, bigFile)
  const [seed] = await seeds(t, bigFile, 1)
  it.download.beforeFinish = async () => {
    if (it.download.lost) return
    it.download.lose(3)
    throw new CodedError('unreadable', 'Lost')
  }
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.ok(it.download.lost)
  assert.deepEqual(it.download.bytes(), bigFile.bytes)
})

test('a download limit is kept', limit, async t => {
  const content = sampleContent({ '': sampleBytes(3 * MIB, 'slow') })
  const it = sampleFetch(t, content, { limitPerSecond: 5 * MIB })
  const [seed] = await seeds(t, content, 1)
  const began = performance.now()
  it.fetch.addPeer(seed!.requester, { rttMs: 1 })
  await it.fetch.done
  assert.ok(performance.now() - began > 250, 'faster than the limit')
})
