import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContentServable, sampleBytes, sampleContent, sampleFetch, samplePeer } from '../testing/sample-swarm.ts'

test('what stands at the place already is done: of the content nothing is asked for', { timeout: 30_000 }, async t => {
  const content = sampleContent({ a: sampleBytes(100_000, 'a'), b: sampleBytes(5000, 'b') })
  const openDownload = async () => ({ alreadyAt: '/elsewhere/things' })
  const it = sampleFetch(t, content, { ports: { openDownload } })
  const seed = await samplePeer(t, 'seed', new ContentServable(content))
  it.fetch.addPeer(seed.requester, { rttMs: 1 })
  assert.deepEqual(await it.fetch.done, { path: '/elsewhere/things', leftOut: [] })
  assert.equal(it.fetch.snapshot().state, 'complete')
  assert.equal(seed.requester.sent.request, 0)
})
