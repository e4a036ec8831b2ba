import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRoot } from '../../core/cid.ts'
import { HaveKind } from '../../core/exchange/codes.ts'
import type { Requester } from '../../core/exchange/requester.ts'
import { settled } from '../testing/settled-clock.ts'
import { ToldCopies } from './told-copies.ts'

const ROOT = parseRoot('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')
const { FULL, NONE, SET, BITS } = HaveKind

function bench() {
  const now = { isWhole: true, isOpen: true }
  const said: HaveKind[] = []
  const requester: Partial<Requester> = {
    openRoot: () => ({ sendHave: ({ kind }: { kind: HaveKind }) => said.push(kind) }) as never // nothing else is asked of it
  }
  const told = new ToldCopies({
    isWhole: () => now.isWhole,
    requester: () => (now.isOpen ? (requester as Requester) : undefined)
  })
  return { told, now, said }
}

test('who was told that all is here hears when it is not, and when it is again, once each', async () => {
  const { told, now, said } = bench()
  told.look(ROOT)
  told.note('peer', ROOT, SET)
  told.note('peer', ROOT, BITS)
  now.isWhole = false
  told.look(ROOT)
  assert.deepEqual(said, [], 'was told of no copy')
  now.isWhole = true
  told.note('peer', ROOT, FULL)
  await settled()
  assert.deepEqual(said, [])
  for (const isWhole of [false, true]) {
    now.isWhole = isWhole
    told.look(ROOT)
    told.look(ROOT)
  }
  assert.deepEqual(said, [NONE, FULL])
  told.forget('peer')
  now.isWhole = false
  told.look(ROOT)
  assert.equal(said.length, 2)
})

test('the last word of a download that is not kept is taken back', async () => {
  const { told, now, said } = bench()
  now.isWhole = false
  told.note('peer', ROOT, FULL)
  await settled()
  assert.deepEqual(said, [NONE])
})

test('what could not be said is said in the next session', () => {
  const { told, now, said } = bench()
  told.note('peer', ROOT, FULL)
  Object.assign(now, { isWhole: false, isOpen: false })
  told.look(ROOT)
  assert.deepEqual(said, [])
  now.isOpen = true
  told.greet('peer')
  assert.deepEqual(said, [NONE])
})
