import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atLeast, atMost, formatResults, gather, median, told, verdict } from './figures.ts'

test('the median is the middle one, or what is between the two in the middle', () => {
  assert.equal(median([30, 1, 200]), 30)
  assert.equal(median([4, 1, 3, 100]), 3.5)
  assert.equal(median([7]), 7)
})

test('there is no median of nothing, nor where one value could not be measured', () => {
  assert.ok(Number.isNaN(median([])))
  assert.ok(Number.isNaN(median([Number.NaN, 1, 3])))
})

test('figures of several runs come together by their names, whatever their order', () => {
  const outcomes = gather([
    [atLeast('rate', 2, 1), told('seconds', 10)],
    [told('seconds', 20), atLeast('rate', 2, 3)]
  ])
  assert.deepEqual(outcomes, [
    { what: 'rate', goal: { atLeast: 2 }, values: [1, 3] },
    { what: 'seconds', goal: undefined, values: [10, 20] }
  ])
})

test('a figure that a run did not give counts as not measured', () => {
  const [outcome] = gather([[atMost('CPU s', 3, 1)], []])
  assert.ok(outcome != null)
  assert.equal(verdict(outcome), 'not measured')
})

test('the median decides, on both sides of a goal, and reaching it is enough', () => {
  const of = (goal: { atLeast?: number; atMost?: number } | undefined, ...values: number[]) =>
    verdict({ what: '', goal, values })
  assert.equal(of({ atLeast: 1.05 }, 0.1, 1.05, 9), 'pass')
  assert.equal(of({ atLeast: 1.05 }, 1.04, 1.04, 9), 'short')
  assert.equal(of({ atMost: 3.2 }, 9, 3.2, 0), 'pass')
  assert.equal(of({ atMost: 3.2 }, 3.3, 3.3, 0), 'short')
  assert.equal(of({ atMost: 0 }, 0, 0, 1), 'pass')
  assert.equal(of(undefined, 1), 'told')
  assert.equal(of({ atMost: 1 }, Number.NaN), 'not measured')
})

test('the table says goal, median, spread and verdict of each figure, and names the row once', () => {
  const outcomes = gather([
    [atMost('× as long', 1.6, 3.91), told('MB/s', 265.4)],
    [atMost('× as long', 1.6, 4.5), told('MB/s', 12)],
    [atMost('× as long', 1.6, 1.2), told('MB/s', 99.96)]
  ])
  const text = formatResults([{ row: 'one-to-four', title: '256 MiB', outcomes }])
  const cells = text.split('\n').map(line => line.split('|').map(cell => cell.trim()).slice(1, -1)) // prettier-ignore
  assert.deepEqual(cells.slice(2), [
    ['one-to-four: 256 MiB', '× as long', '≤ 1.6', '3.91', '1.20 to 4.50', 'short'],
    ['', 'MB/s', '', '100.0', '12 to 265', '']
  ])
  assert.equal(new Set(text.split('\n').map(line => line.length)).size, 1, 'all lines are as wide')
})
