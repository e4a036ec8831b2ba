import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SteppedClock } from '../../core/testing/stepped-clock.ts'
import { formatBytes, formatRate, formatSeconds, formatTable } from './format.ts'
import type { ProgressLine } from './json-lines.ts'
import { Output } from './output.ts'

function terminal(json: boolean, isTTY = false) {
  const clock = new SteppedClock()
  const out: string[] = []
  const err: string[] = []
  const sink = (to: string[], tty: boolean) => ({ write: (text: string) => to.push(text), isTTY: tty, columns: 80 })
  return { output: new Output(json, sink(out, false), sink(err, isTTY), clock), out, err, clock }
}
const line = (bytes: number, total: number | null = 100e6): ProgressLine => ({
  event: 'progress',
  phase: 'fetch',
  root: 'r',
  bytes,
  total,
  rate: 1,
  received: bytes,
  duplicate: 0
})

test('2 to 10 progress lines a second, whatever comes, and none after the end', () => {
  for (const every of [1, 30, 100, 150, 1000, 10_000]) {
    const { output, out, clock } = terminal(true)
    {
      using progress = output.progress(line(0))
      for (let at = 0; at < 10_000; at += every) {
        progress.report(line(at))
        clock.step(Math.min(every, 10_000 - at))
      }
    }
    assert.ok(out.length >= 20 && out.length <= 101, `${out.length} lines in 10 s, one report in ${every} ms`)
    assert.equal(clock.due, 0)
  }
})

test('the newest progress is the one that is shown', () => {
  const { output, out, clock } = terminal(true)
  using progress = output.progress(line(0))
  progress.report(line(1))
  progress.report(line(2))
  progress.report(line(3))
  clock.step(100)
  assert.deepEqual(out.map(text => (JSON.parse(text) as ProgressLine).bytes), [1, 3]) // prettier-ignore
})

test('the bar: what a resumed fetch begins with is no speed, and no time left before 3 s of data', () => {
  const { output, out, err, clock } = terminal(false, true)
  using progress = output.progress(line(0))
  let bytes = 50e6
  for (let n = 0; n < 29; n++, bytes += 1e6) {
    progress.report(line(bytes))
    clock.step(100)
  }
  assert.ok(
    err.every(text => !text.includes('left')),
    'not yet'
  )
  for (const text of err) assert.ok(Number(/([\d.]+) MB\/s/.exec(text)?.[1] ?? 0) < 20, text)
  for (let n = 0; n < 10; n++, bytes += 1e6) {
    progress.report(line(bytes))
    clock.step(100)
  }
  const last = err.at(-1) ?? ''
  assert.match(last, /Downloading {2}\[#+-+\] {3}88 % {2}88\.0 MB of 100 MB {2}(9|10)\.\d MB\/s {2}2 s left/)
  output.text('done')
  assert.equal(err.at(-1), '\r\u001b[K', 'the bar gives way')
  assert.deepEqual(out, ['done\n'])
})

test('no bar where nobody sees it; text and JSON never mix', () => {
  const people = terminal(false)
  people.output.progress(line(1)).report(line(2))
  people.output.line({ event: 'x' })
  people.output.note('a note')
  assert.deepEqual([people.out, people.err], [[], ['a note\n']])
  const programs = terminal(true, true)
  programs.output.text('text')
  programs.output.note('a note')
  programs.output.line({ event: 'x' })
  assert.deepEqual([programs.out, programs.err], [['{"event":"x"}\n'], []])
})

test('whatever a name holds, a terminal gets one line of harmless text, and programs the name', () => {
  const harm = [[0, 0x1f], [0x7f, 0x9f], [0x61c, 0x61c], [0x200e, 0x200f], [0x2028, 0x202e], [0x2066, 0x2069]] as const // prettier-ignore
  const chars = harm.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n))
  const name = `ä${String.fromCharCode(...chars)}"\\\u{1f600}`
  const people = terminal(false, true)
  people.output.text(name)
  people.output.note(name)
  const shown = `ä${'\ufffd'.repeat(chars.length)}"\\\u{1f600}\n`
  assert.deepEqual([people.out, people.err], [[shown], [shown]])
  const programs = terminal(true)
  programs.output.line({ event: 'x', [name]: [name] })
  assert.deepEqual(JSON.parse(programs.out[0] ?? ''), { event: 'x', [name]: [name] })
  const written = programs.out.join('').slice(0, -1)
  for (const char of chars) assert.ok(!written.includes(String.fromCharCode(char)), `U+${char.toString(16)}`)
})

test('numbers as people read them', () => {
  const sizes: [number, string][] = [[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [999_949, '1.0 MB'], [12_400_000, '12.4 MB'], [99_960_000, '100 MB'], [40e9, '40.0 GB'], [1e18, '1000 PB']] // prettier-ignore
  for (const [bytes, text] of sizes) assert.equal(formatBytes(bytes), text)
  assert.equal(formatRate(92_140_000), '92.1 MB/s')
  const times: [number, string][] = [[0.2, '1 s'], [59, '59 s'], [60, '1 min'], [61, '2 min'], [3600, '1 h 0 min'], [12_000, '3 h 20 min'], [200_000, '2 days']] // prettier-ignore
  for (const [seconds, text] of times) assert.equal(formatSeconds(seconds), text)
  assert.deepEqual(formatTable([['a', 'bb'], ['ccc', '']]), ['a    bb', 'ccc']) // prettier-ignore
})
