import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoot } from '../../core/cid.ts'
import { ProviderSearch } from './provider-search.ts'
import type { SwarmPort } from './swarm-port.ts'

const ROOT = parseRoot('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')

test('looks at once, then less and less often while starved, seldom when fed, never when disposed', async () => {
  const looks: (readonly string[])[] = []
  const timers: { ms: number; fn: () => void; isOff: boolean }[] = []
  const swarm = {
    dialHints: (addrs: readonly string[]) => {
      looks.push(addrs)
      return Promise.resolve([])
    },
    findProviders: () => Promise.resolve(0)
  } as unknown as SwarmPort // the two members a search uses
  const clock = {
    now: () => 0,
    after: (ms: number, fn: () => void) => {
      const timer = { ms, fn, isOff: false }
      timers.push(timer)
      return () => (timer.isOff = true)
    }
  }
  const settled = () => new Promise(resolve => setImmediate(resolve))
  const search = new ProviderSearch(swarm, ROOT, ['/a'], clock)
  await settled()
  assert.deepEqual(looks, [['/a']])
  for (let n = 0; n < 7; n++) {
    timers.at(-1)!.fn()
    await settled()
  }
  assert.deepEqual(
    timers.map(timer => timer.ms),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
  )
  search.setStarved(false)
  timers.at(-1)!.fn()
  await settled()
  assert.equal(timers.at(-1)!.ms, 300_000)
  search.setStarved(true)
  assert.ok(timers.at(-2)!.isOff && timers.at(-1)!.ms === 1000, 'starving again hurries')
  search[Symbol.dispose]()
  assert.ok(timers.at(-1)!.isOff)
  timers.at(-1)!.fn()
  await settled()
  assert.equal(looks.length, 9)
})
