import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyUpdate, EMPTY_LIST, type List } from './list.ts'

interface Row {
  id: string
  n: number
}
const keyOf = (row: Row): string => row.id
const update = (seq: number, rows: Row[], removed: string[] = [], whole = false) => ({ seq, whole, rows, removed })

test('the whole, then changes; a gap, a repetition or a change before the whole is told', () => {
  const empty: List<Row> = EMPTY_LIST
  assert.equal(applyUpdate(empty, update(1, []), keyOf), undefined, 'no whole yet')
  const first = applyUpdate(empty, update(0, [{ id: 'a', n: 1 }], [], true), keyOf)
  assert.ok(first)
  assert.equal(applyUpdate(first, update(2, []), keyOf), undefined, 'one is missing')
  assert.equal(applyUpdate(first, update(0, []), keyOf), undefined, 'twice')
  const second = applyUpdate(first, update(1, [{ id: 'b', n: 2 }], ['a']), keyOf)
  assert.deepEqual([...(second?.rows.keys() ?? [])], ['b'])
  assert.deepEqual([...first.rows.keys()], ['a'], 'the list before is left as it was')
})

test('whoever follows every update has what the sender has', () => {
  const change = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), n: fc.option(fc.nat()) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), changes => {
      const sender = new Map<string, Row>()
      let list = applyUpdate<Row>(EMPTY_LIST, update(0, [], [], true), keyOf)
      changes.forEach(({ id, n }, at) => {
        if (n == null) sender.delete(id)
        else sender.set(id, { id, n })
        list = list && applyUpdate(list, n == null ? update(at + 1, [], [id]) : update(at + 1, [{ id, n }]), keyOf)
      })
      assert.deepEqual(Object.fromEntries(list?.rows ?? []), Object.fromEntries(sender))
    }),
    { numRuns: 50 }
  )
})
