// Peers that send what was not asked for: nothing of it reaches a file, and an honest peer beside them is enough.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { openRequester } from '../core/exchange/open-requester.ts'
import type { RootListener } from '../core/exchange/requester.ts'
import { MIB, flipByte, randomBytes, sha256Of, writeRandomFile } from './content.ts'
import { addressOf, startGet, startShare, untilDone, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'
import { FalseLeaves, FalseSkeleton, FileInMemory, openStranger, pipeTo } from './stranger.ts'

const SIZE = 6 * MIB + 17
const LIARS = { 'false leaves': FalseLeaves, 'a false skeleton': FalseSkeleton }

for (const [what, Liar] of Object.entries(LIARS)) {
  test(`${what} from the only peer: 4 hash-mismatch, and no file`, { timeout: 90_000 }, async t => {
    await using scratch = openScratch()
    const content = new Liar('file.bin', randomBytes(SIZE, 'lies'))
    await using liar = await openStranger([content], t.signal)
    await using getter = startGet(content.root.toString(), scratch.at('out'), {
      data: scratch.at('b'),
      peers: [liar.addr],
      more: ['--timeout', '5']
    })
    await untilFailed(getter, 4, 'hash-mismatch', 80_000)
    assert.ok(!existsSync(scratch.at('out', 'file.bin')))
    assert.ok(liar.bytesSent > 0, 'it was asked')
  })

  test(`${what} from one of two peers cost nothing but time`, { timeout: 90_000 }, async t => {
    await using scratch = openScratch()
    const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), SIZE, 'lies')
    await using liar = await openStranger([new Liar('file.bin', randomBytes(SIZE, 'lies'))], t.signal)
    // Slow, so that the liar is asked too.
    await using honest = startShare([scratch.at('in', 'file.bin')], { data: scratch.at('a'), uploadLimit: 2_000_000 })
    const { shared } = await untilShared(honest)
    const peers = [liar.addr, await addressOf(honest)]
    await using getter = startGet(shared.root, scratch.at('out'), { data: scratch.at('b'), peers })
    const done = await untilDone(getter, 80_000)
    assert.equal(await sha256Of(done.path), sha256)
    if (Liar === FalseLeaves) assert.equal(done.sources, 1, 'a wrong block makes nobody a source')
  })
}

test('an honest stranger is a peer like any other', { timeout: 60_000 }, async t => {
  await using scratch = openScratch()
  const bytes = randomBytes(SIZE, 'honest stranger')
  const content = new FileInMemory('from a stranger.bin', bytes)
  await using stranger = await openStranger([content], t.signal)
  const peers = [stranger.addr]
  await using getter = startGet(content.root.toString(), scratch.at('out'), { data: scratch.at('b'), peers })
  const done = await untilDone(getter)
  assert.equal(done.path, scratch.at('out', 'from a stranger.bin'), 'the peer’s hint names what no link names')
  assert.equal(await sha256Of(done.path), hash('sha256', bytes))
})

/** What a stranger who asks an edited share for everything is told. */
test('an edited share sends no leaf that is not what was shared', { timeout: 60_000 }, async t => {
  await using scratch = openScratch()
  const file = scratch.at('in', 'file.bin')
  writeRandomFile(file, SIZE, 'edited for a witness')
  const original = new FileInMemory('file.bin', randomBytes(SIZE, 'edited for a witness'))
  await using seeder = startShare([file], { data: scratch.at('a') })
  const { shared } = await untilShared(seeder)
  assert.equal(shared.root, original.root.toString())
  await using witness = await openStranger([], t.signal)
  const pipe = await pipeTo(witness.network, await addressOf(seeder), t.signal)
  await using requester = await openRequester(pipe, { agent: 'witness', name: '' }, t.signal)

  const { layout } = original.built
  const open = new Set(Array.from({ length: layout.leafCount }, (_, ordinal) => ordinal))
  const over = Promise.withResolvers<void>()
  const ended = (ordinal: number, count: number): void => {
    for (let i = ordinal; i < ordinal + count; i++) open.delete(i)
    if (open.size === 0) over.resolve()
  }
  const wrong: number[] = []
  let refused = 0
  const informed = Promise.withResolvers<void>()
  const listener: RootListener = {
    onInfo: () => informed.resolve(),
    onHave: () => undefined,
    onSkeleton: () => undefined,
    onBytes: () => undefined,
    onLeaf: (ordinal, bytes) => {
      if (!hash('sha256', bytes, 'buffer').equals(layout.digest(ordinal))) wrong.push(ordinal)
      ended(ordinal, 1)
    },
    onReject: (ordinal, count) => {
      refused += count
      ended(ordinal, count)
    },
    onSkeletonReject: () => undefined,
    onChoke: () => undefined,
    onPex: () => undefined,
    onParked: () => undefined,
    onClosed: error => over.reject(error ?? new Error('closed before every request was answered'))
  }
  const root = requester.openRoot(original.root, listener)
  await informed.promise
  root.setLayout(ordinal => layout.leafBytes(ordinal), layout.leafCount)
  flipByte(file, 3 * MIB + 5)
  root.request([{ start: 0, count: layout.leafCount }])
  await over.promise
  assert.deepEqual(wrong, [])
  assert.ok(refused >= 1, 'the edited leaf was refused')
})
