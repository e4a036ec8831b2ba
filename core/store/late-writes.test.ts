import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError } from '../errors.ts'
import { LateWrites } from './late-writes.ts'

const MIB = 1024 * 1024

/** A disk that is told how much is free, and what was written to it. */
function bench() {
  const disk = { freeBytes: 0, isFull: true, written: [] as string[], faults: [] as unknown[] }
  const late = new LateWrites({ freeBytes: () => disk.freeBytes, onFault: error => disk.faults.push(error) })
  const write = (what: string) => () => {
    if (disk.isFull) {
      late.foundFull()
      throw new CodedError('disk-full', 'No room.')
    }
    disk.written.push(what)
  }
  const note = (key: string, what = key): void => late.note(key, write(what))
  return { disk, late, note }
}

test('with room it is written at once', () => {
  const { disk, late, note } = bench()
  using _ = late
  disk.isFull = false
  note('a')
  assert.deepEqual(disk.written, ['a'])
  assert.equal(late.isFull, false)
})

test('without room nothing is thrown; the newest of each key is kept, and written in order once there is enough', () => {
  const { disk, late, note } = bench()
  using _ = late
  note('a', 'a1')
  note('b')
  note('a', 'a2')
  note('c')
  late.forget('c')
  assert.deepEqual([late.isFull, late.has('a'), late.has('c')], [true, true, false])
  disk.freeBytes = 7 * MIB
  assert.equal(late.look(), false, 'a little room is none: the next write would take it')
  disk.freeBytes = 8 * MIB
  disk.isFull = false
  assert.equal(late.look(), true)
  assert.deepEqual(disk.written, ['b', 'a2'])
  assert.equal(late.look(), true)
  assert.deepEqual(disk.written, ['b', 'a2'], 'once')
})

test('full again half way: what is left stays', () => {
  const { disk, late, note } = bench()
  using _ = late
  note('a')
  note('b')
  disk.freeBytes = 8 * MIB
  assert.equal(late.look(), false, 'there is room, and still it cannot be written')
  assert.deepEqual([late.has('a'), late.has('b'), disk.written.length], [true, true, 0])
})

test('a read-only or busy index is waited for too, without calling its disk full', () => {
  using late = new LateWrites({ freeBytes: () => 0, onFault: assert.ifError })
  let code: 'not-writable' | undefined = 'not-writable'
  let written = 0
  late.note('a', () => {
    if (code != null) throw new CodedError(code, 'Not now.')
    written++
  })
  assert.deepEqual([late.isFull, late.has('a')], [false, true])
  code = undefined
  late.look()
  assert.deepEqual([late.has('a'), written], [false, 1])
})

test('what does not pass by itself is told and given up', () => {
  const { disk, late } = bench()
  using _ = late
  const broken = new CodedError('data-damaged', 'Broken.')
  late.note('a', () => {
    throw broken
  })
  assert.deepEqual([disk.faults, late.has('a')], [[broken], false])
})

test('the end tries a last time', () => {
  const { disk, late, note } = bench()
  note('a')
  disk.isFull = false
  late[Symbol.dispose]()
  assert.deepEqual([disk.written, late.has('a')], [['a'], false])
})
