import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawChart, linearScale, logScale } from './chart.ts'

test('a logarithmic scale has whole powers of ten around all values, each as far from the next', () => {
  const scale = logScale([0.4, 30], 400, 100)
  assert.deepEqual(scale.ticks, [0.1, 1, 10, 100])
  assert.deepEqual(scale.ticks.map(it => Math.round(scale.at(it))), [400, 300, 200, 100]) // prettier-ignore
})

test('a single power of ten is a scale too', () => {
  const scale = logScale([10, 10], 0, 50)
  assert.equal(scale.at(10), 0)
  assert.deepEqual(scale.ticks, [10, 100])
})

test('a linear scale begins at 0 and ends at a round number over all values', () => {
  const scale = linearScale([180, 243], 300, 0)
  assert.deepEqual(scale.ticks, [0, 50, 100, 150, 200, 250])
  assert.equal(scale.at(0), 300)
  assert.equal(scale.at(250), 0)
  assert.equal(linearScale([1000], 0, 1).at(1000), 1)
})

test('a chart has every point once, at the ends of its axes, and what is written in it cannot become markup', () => {
  const points = [
    [10, 10],
    [100, 100],
    [1000, 1000]
  ] as const
  const panel = { title: 'a < b', isLog: true, series: [{ name: 'Shoal & co', points }] }
  const { svg, width } = drawChart({ title: 't', xTitle: 'MiB', xText: String, panels: [panel, panel] })
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(it => [Number(it[1]), Number(it[2])])
  assert.equal(circles.length, 2 * points.length)
  assert.deepEqual(circles.slice(0, 3), [
    [64, 288],
    [230, 177],
    [396, 66]
  ])
  assert.equal(width, 840)
  assert.ok(svg.includes('a &lt; b') && svg.includes('Shoal &amp; co'))
})
