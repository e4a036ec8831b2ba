import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { rootText } from '../cid.ts'
import type { ServableChange } from '../exchange/servable.ts'
import { leafOf, sampleBytes, scratch, writeSample } from '../testing/sample-share.ts'
import { openStore } from './store.ts'
import { cleanup } from '../testing/cleanup.ts'

const MIB = 1024 * 1024
const never = new AbortController().signal

async function open(t: TestContext) {
  const dir = scratch(t)
  const sample = { 'a.bin': sampleBytes(2 * MIB + 5, 'a'), 'b.txt': Buffer.from('hello'), 'c.txt': Buffer.from('sea') }
  const indexed = writeSample(dir, 'things', sample)
  const store = openStore(':memory:')
  cleanup(t).defer(() => store[Symbol.dispose]())
  await store.addShare(indexed)
  const held = store.held(indexed.built.root)!
  const changes: ServableChange[] = []
  held.watch(change => changes.push(change))
  const at = (name: string): string => path.join(dir, 'things', name)
  const state = (): unknown => [held.state, store.share(rootText(held.root))?.state]
  return { dir, store, held, indexed, changes, at, state }
}

/** Puts other bytes in a file and gives it its old mtime back, as if nobody had touched it. */
function alterSecretly(file: string, offset: number): void {
  const { atimeMs, mtimeMs } = statSync(file)
  const bytes = readFileSync(file)
  bytes[offset]! ^= 1
  writeFileSync(file, bytes)
  utimesSync(file, atimeMs / 1000, mtimeMs / 1000)
}

test('one changed byte is never served, and everybody is told', async t => {
  const { store, held, changes, at, state } = await open(t)
  writeFileSync(at('b.txt'), 'hullo')
  await assert.rejects(held.readLeaf(3), { code: 'not-found' })
  assert.deepEqual(changes, [{ unset: [3, 4], state: 'checking' }])
  await store.whenChecked()
  assert.deepEqual(changes, [{ unset: [3, 4], state: 'checking' }, { state: 'changed' }])
  assert.deepEqual(state(), ['changed', 'changed'])
  await assert.rejects(held.readLeaf(3), { code: 'source-changed' })
  assert.deepEqual([held.have.has(2), held.have.has(3), held.have.has(4)], [true, false, true])
  assert.equal(Buffer.from(await held.readLeaf(4)).toString(), 'sea', 'the others go on')

  writeFileSync(at('b.txt'), 'hello')
  await store.checkShares(never)
  await store.whenChecked()
  assert.deepEqual(state(), ['ready', 'ready'], 'put right again')
  assert.deepEqual(changes.at(-1), { set: [3, 4], state: 'ready' })
})

test('a change that the stat does not show is found by the hash', async t => {
  const { store, held, changes, at, state } = await open(t)
  const stat = statSync(at('a.bin'))
  utimesSync(at('a.bin'), stat.atimeMs / 1000, Math.floor(stat.mtimeMs / 1000))
  await store.checkShares(never)
  await store.whenChecked()
  changes.length = 0
  alterSecretly(at('a.bin'), MIB + 1)
  assert.equal((await held.readLeaf(0)).length, MIB, 'this leaf is as it was')
  await assert.rejects(held.readLeaf(1), { code: 'source-changed' })
  assert.deepEqual(changes, [{ unset: [0, 3], state: 'changed' }])
  await assert.rejects(held.readLeaf(0), { code: 'source-changed' }, 'the whole file is in doubt')
  await store.checkShares(never)
  assert.deepEqual(state(), ['changed', 'changed'], 'a look at the stat does not make it good again')
})

test('a touched file with the same content is served again', async t => {
  const { store, held, changes, at, state } = await open(t)
  utimesSync(at('a.bin'), 1, 1)
  await assert.rejects(held.readLeaf(0), { code: 'not-found' })
  await store.whenChecked()
  assert.deepEqual(changes, [
    { unset: [0, 3], state: 'checking' },
    { set: [0, 3], state: 'ready' }
  ])
  assert.deepEqual(state(), ['ready', 'ready'])
  assert.equal((await held.readLeaf(0)).length, MIB)
})

test('a file that went is missing, and is welcome back', async t => {
  const { store, held, changes, at, state } = await open(t)
  renameSync(at('c.txt'), at('d.txt'))
  await store.checkShares(never)
  assert.deepEqual(state(), ['partial', 'missing'])
  assert.deepEqual(changes, [{ unset: [4, 5], state: 'partial' }])
  renameSync(at('d.txt'), at('c.txt'))
  await store.checkShares(never)
  await store.whenChecked()
  assert.deepEqual(state(), ['ready', 'ready'])
  assert.equal(Buffer.from(await held.readLeaf(4)).toString(), 'sea')
})

test('what stands in the way of a file is not read: a pipe, a folder', { timeout: 120_000 }, async t => {
  const { store, held, at, state } = await open(t)
  rmSync(at('b.txt'))
  execFileSync('mkfifo', [at('b.txt')])
  await assert.rejects(held.readLeaf(3))
  await store.whenChecked()
  assert.deepEqual(state(), ['partial', 'missing'])
})

test('another share of the same bytes steps in', async t => {
  const { dir, store, held, at } = await open(t)
  await store.addShare(writeSample(dir, 'other', { x: Buffer.from('hello'), y: Buffer.from('more') }))
  rmSync(at('b.txt'))
  assert.equal(Buffer.from(await held.readLeaf(3)).toString(), 'hello')
})

test('a second copy of the root steps in, and the share stays ready', async t => {
  const { dir, store, held, changes, at, state } = await open(t)
  const bytes = readFileSync(at('a.bin'))
  await store.addShare(
    writeSample(dir, 'again', { 'a.bin': bytes, 'b.txt': Buffer.from('hello'), 'c.txt': Buffer.from('sea') })
  )
  appendFileSync(at('a.bin'), 'x')
  assert.equal((await held.readLeaf(2)).length, 5)
  await store.whenChecked()
  assert.deepEqual(state(), ['ready', 'ready'])
  assert.deepEqual(changes, [])
})

test('whoever looks at the list learns of a change', async t => {
  const { store, held, at, state } = await open(t)
  writeFileSync(at('b.txt'), 'hullo')
  assert.deepEqual(state(), ['ready', 'ready'])
  await store.lookAtShares(10_000)
  assert.deepEqual(state(), ['changed', 'changed'])
  assert.equal(held.have.has(3), false)
})

test('verifying a share names the files that are not as they were', async t => {
  const { store, held, at } = await open(t)
  assert.deepEqual(await store.verifyShare(held.root, never), { bytes: 2 * MIB + 13, bad: [] })
  alterSecretly(at('a.bin'), 0)
  rmSync(at('b.txt'))
  assert.deepEqual((await store.verifyShare(held.root, never)).bad, ['a.bin', 'b.txt'])
})

test('whatever is done to the files, a leaf that is read is the right one', async t => {
  const dir = scratch(t)
  let run = 0
  const act = fc.record({ how: fc.constantFrom('alter', 'secretly', 'cut', 'grow', 'remove', 'swap'), at: fc.nat(999) })
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 4 }), async acts => {
      const sample = { a: sampleBytes(100_000, `a${run}`), b: sampleBytes(70_000, `b${run}`), c: Buffer.from('small') }
      const indexed = writeSample(dir, `run ${run++}`, sample)
      const right = Array.from({ length: 3 }, (_, i) => leafOf(indexed, i))
      using store = openStore(':memory:')
      await store.addShare(indexed)
      const held = store.held(indexed.built.root)!
      const file = (i: number): string => indexed.files[i % 3]!.sourcePath
      for (const { how, at } of acts) {
        try {
          const size = statSync(file(at)).size
          if (how === 'alter') writeFileSync(file(at), sampleBytes(size, at))
          if (how === 'secretly') alterSecretly(file(at), at % size)
          if (how === 'cut') writeFileSync(file(at), readFileSync(file(at)).subarray(0, at % size))
          if (how === 'grow') appendFileSync(file(at), 'x')
          if (how === 'remove') rmSync(file(at))
          if (how === 'swap') renameSync(file(at), file(at + 1))
        } catch {
          // gone already
        }
        for (let i = 0; i < 3; i++) {
          const leaf = await held.readLeaf(i).catch(() => undefined)
          if (leaf != null) assert.ok(right[i]!.equals(leaf), 'never a wrong byte')
        }
        await store.whenChecked()
      }
    }),
    { numRuns: 40 }
  )
})
