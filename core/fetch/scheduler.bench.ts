// node core/fetch/scheduler.bench.ts [leaves] [peers]: what one input costs when there is much of everything. Half of the
// peers have everything, the others a random half; leaves arrive, now and then a Have, a tick, a reject.

import { sampleScheduler } from '../testing/fake-plan.ts'
import { EXTENT_BYTES } from './limits.ts'
import { createRandom } from './random.ts'
import type { Effect, Input } from './inputs-and-effects.ts'

const leafCount = Number(process.argv[2] ?? 1_000_000)
const peerCount = Number(process.argv[3] ?? 30)
const random = createRandom(7)
const digests = Buffer.alloc(leafCount * 32)
for (let i = 0; i < leafCount; i++) digests.writeUInt32LE(i, i * 32)

const spent = new Map<string, { calls: number; ms: number; worst: number }>()
const queue: { peer: string; ordinal: number }[] = []
let now = 0
let written = 0
const everything = { has: () => true }
const nothing = { has: () => false }

const began = performance.now()
const scheduler = sampleScheduler({
  plan: {
    leafCount,
    extents: Uint32Array.from({ length: leafCount + 1 }, (_, i) => i),
    digest: ordinal => digests.subarray(ordinal * 32, ordinal * 32 + 32),
    leafBytes: () => EXTENT_BYTES
  },
  have: nothing,
  wanted: everything,
  random
})
console.log(`${leafCount} leaves, ${peerCount} peers: set up in ${(performance.now() - began).toFixed(0)} ms`)

function feed(input: Input): Effect[] {
  const start = performance.now()
  const effects = scheduler.apply(input, now)
  const ms = performance.now() - start
  const key = input.type === 'have-received' ? `have ${input.change.kind}` : input.type
  const row = spent.get(key) ?? { calls: 0, ms: 0, worst: 0 }
  spent.set(key, { calls: row.calls + 1, ms: row.ms + ms, worst: Math.max(row.worst, ms) })
  for (const effect of effects) {
    if (effect.type !== 'request') continue
    for (const run of effect.runs) {
      for (let i = 0; i < run.count; i++) queue.push({ peer: effect.peer, ordinal: run.start + i })
    }
  }
  return effects
}

for (let p = 0; p < peerCount; p++) {
  const peer = `p${p}`
  feed({ type: 'peer-opened', peer, rttMs: 5 })
  const bits = new Uint8Array(Math.ceil(leafCount / 8)).map(() => random() * 256)
  feed({ type: 'have-received', peer, change: p % 2 === 0 ? { kind: 'full' } : { kind: 'bits', start: 0, bits } })
}
for (let step = 0; queue.length > 0; step++) {
  now += 0.2
  const at = Math.floor(random() * Math.min(queue.length, 8))
  const [next] = queue.splice(at, 1)
  if (step % 97 === 0)
    feed({ type: 'reject-received', peer: next!.peer, start: next!.ordinal, count: 1, reason: 'busy', retryMs: 50 })
  else if (feed({ type: 'leaf-received', ...next! }).some(effect => effect.type === 'accept')) {
    feed({ type: 'leaf-written', ordinal: next!.ordinal })
    feed({ type: 'room-changed', bytes: 48 * EXTENT_BYTES })
    written++
  }
  if (step % 500 === 0) {
    const start = Math.floor((random() * leafCount) / 8) * 8
    feed({
      type: 'have-received',
      peer: `p${(step / 500) % peerCount}`,
      change: { kind: 'set', start, bits: Uint8Array.of(255, 255) }
    })
  }
  if (step % 1_000 === 0) feed({ type: 'time-passed' })
}
console.log(`${written} written`)
console.table(
  Object.fromEntries(
    [...spent].map(([key, { calls, ms, worst }]) => [
      key,
      { calls, 'µs each': Number(((ms * 1000) / calls).toFixed(2)), 'worst ms': Number(worst.toFixed(2)) }
    ])
  )
)
