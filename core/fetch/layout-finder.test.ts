// A skeleton that an earlier run left is read in turns of the loop: what each costs, and what may happen in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../clock.ts'
import { sampleBytes, sampleContent } from '../testing/sample-swarm.ts'
import { LayoutFinder } from './layout-finder.ts'
import { createRandom } from './random.ts'

const STEP_BYTES = 65_536
// long names make a skeleton of many steps
const content = sampleContent(
  Object.fromEntries(
    Array.from({ length: 3_000 }, (_, i) => [`${'n'.repeat(100)}${i % 30}/${'m'.repeat(150)}${i}`, sampleBytes(4, '')])
  )
)
const { skeleton } = content

const turn = async (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A finder over what is stored, and how many bytes of it were read. */
function finder(stored: Buffer) {
  const read = { bytes: 0 }
  const parts = function* (): Generator<Uint8Array> {
    for (let at = 0; at < stored.length; at += STEP_BYTES) {
      const part = stored.subarray(at, at + STEP_BYTES)
      read.bytes += part.length
      yield part
    }
  }
  const found = new LayoutFinder(content.built.root, {
    ports: {
      clock: systemClock,
      random: createRandom(1),
      skeleton: { parts, append: () => assert.fail('nothing came') },
      findLeaf: async () => undefined,
      openDownload: async () => assert.fail('not opened here'),
      onPex: () => {},
      ban: () => {}
    },
    isPeek: false,
    isPaused: false,
    onLeaf: () => {},
    blame: () => {}
  })
  return { found, read }
}

test('of what is stored, one step is read in a turn', async () => {
  const { found, read } = finder(skeleton)
  let [last, most, isOver] = [0, 0, false]
  const finding = found.find(new AbortController().signal).finally(() => (isOver = true))
  while (!isOver) {
    most = Math.max(most, read.bytes - last)
    last = read.bytes
    await turn()
  }
  assert.equal((await finding).layout.leafCount, content.built.layout.leafCount)
  assert.ok(most <= STEP_BYTES, `${most} bytes in one turn`)
})

test('cancelled meanwhile, it reads no further', async () => {
  const { found, read } = finder(skeleton)
  const cancel = new AbortController()
  const finding = found.find(cancel.signal)
  while (read.bytes < skeleton.length / 2) await turn()
  assert.ok(read.bytes < skeleton.length)
  cancel.abort(new Error('not wanted'))
  await assert.rejects(finding, { message: 'not wanted' })
  const { bytes } = read
  for (let i = 0; i < 50; i++) await turn()
  assert.equal(read.bytes, bytes)
})

test('paused and resumed meanwhile, it is found all the same', async () => {
  const { found, read } = finder(skeleton)
  const finding = found.find(new AbortController().signal)
  while (read.bytes < skeleton.length / 2) await turn()
  found.pause()
  found.tick()
  assert.equal(found.isServed(0), true)
  found.resume()
  assert.equal((await finding).layout.leafCount, content.built.layout.leafCount)
})
