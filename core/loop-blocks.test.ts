import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { named, watchLoop } from './loop-blocks.ts'
import { startTrace } from './trace.ts'
import { cleanup } from './testing/cleanup.ts'

const off = (): void =>
  startTrace(
    undefined,
    () => {},
    () => 0
  )

function hold(ms: number): void {
  for (const from = performance.now(); performance.now() - from < ms;) continue
}

test('a block is told with the longest piece of work that has a name, the inner one rather than what it is part of', async t => {
  const lines: string[] = []
  const told = Promise.withResolvers<void>()
  startTrace(
    'loop',
    line => {
      lines.push(line)
      if (line.includes('work=')) told.resolve()
    },
    () => 0
  )
  cleanup(t).defer(off)
  using _ = watchLoop()
  await delay(15)
  named('put-share', () => {
    hold(10)
    named('layout', () => hold(100))
    named('commit', () => hold(20))
  })
  await told.promise
  assert.match(lines.at(-1) ?? '', /^1970\S+ loop block ms=\d{3,} cpu=\d+ work=layout workMs=\d{3,}\n$/)
})

test('off, nothing is measured and nothing is told', () => {
  off()
  const before = performance.now
  performance.now = () => assert.fail('no clock is looked at')
  try {
    using _ = watchLoop()
    assert.equal(
      named('layout', () => 7),
      7
    )
  } finally {
    performance.now = before
  }
})

test('what a named piece of work throws goes on', t => {
  startTrace(
    'loop',
    () => {},
    () => 0
  )
  cleanup(t).defer(off)
  assert.throws(() => named('layout', () => assert.fail('as it was')), { message: 'as it was' })
})
