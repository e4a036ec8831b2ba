import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTrace, trace } from './trace.ts'

const ROOT = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const PEER = '12D3KooWAeQfgyzipTKi3YQRVaevE6oJozsa4oJRiSakq6KfadWb'

/** The lines while something is done with these areas on. */
function linesOf(areas: string | undefined, act: () => void): string[] {
  const lines: string[] = []
  startTrace(
    areas,
    line => lines.push(line),
    () => 0
  )
  try {
    act()
  } finally {
    startTrace(
      undefined,
      () => {},
      () => 0
    )
  }
  return lines
}

test('only what was asked for is traced, a line an event; off, not even the fields are made', () => {
  let made = 0
  const fields = () => ({ leaves: ++made })
  const act = () => {
    trace.store?.('batch', fields())
    trace.network?.('dial', fields())
  }
  assert.deepEqual(linesOf(undefined, act), [])
  assert.deepEqual(linesOf('', act), [])
  assert.equal(made, 0)
  assert.deepEqual(linesOf(' store,exchange ', act), ['1970-01-01T00:00:00.000Z store batch leaves=1\n'])
})

test('of peers and roots their ends, of lists their length, and of all other text nothing', () => {
  const [line, stranger] = linesOf('exchange', () => {
    trace.exchange?.('sent', {
      peer: PEER,
      root: ROOT,
      type: 'info',
      name: 'diary',
      agent: 'shoal',
      runs: [1, 2],
      bits: new Uint8Array(3),
      choke: false,
      error: new Error('/home/ana/diary')
    })
    trace.exchange?.('sent', {
      reason: '/ip4/192.0.2.1/tcp/4001',
      code: 'diary.txt',
      via: 'my diary',
      root: new Uint8Array(5)
    })
  })
  const told = 'peer=…q6KfadWb root=…qa4s52zy type=info runs=[2] bits=[3] choke=false'
  assert.equal(line, `1970-01-01T00:00:00.000Z exchange sent ${told}\n`)
  assert.equal(stranger, '1970-01-01T00:00:00.000Z exchange sent\n')
})

test('an area there is none of is one sentence', () => {
  assert.throws(() => linesOf('store,disk', () => {}), {
    code: 'usage',
    message: 'SHOAL_TRACE knows exchange, fetch, store, network, loop, and not “disk”.'
  })
  assert.equal(trace.store, undefined, 'and nothing was begun')
})
