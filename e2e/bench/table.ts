// The table that `npm run bench` prints.

import { type Sample, medianSample } from './sample.ts'

export interface Result {
  readonly row: string
  readonly title: string
  readonly bytes: number
  readonly baselineTitle: string
  readonly shoal: readonly Sample[]
  readonly baseline: readonly Sample[]
}

const HEAD = ['', 'Shoal', 'spread', 'baseline', 'Shoal ÷ baseline', 'CPU s, sender + receiver', 'peak RSS MB']

export function formatTable(results: readonly Result[]): string {
  const rows = [HEAD, ...results.flatMap(formatResult)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

function formatResult({ title, bytes, baselineTitle, ...runs }: Result): string[][] {
  const [shoal, baseline] = [medianSample(runs.shoal), medianSample(runs.baseline)]
  const seconds = runs.shoal.map(it => it.seconds)
  const speedup = baseline.seconds / shoal.seconds // above 1: Shoal is faster
  return [
    [
      title,
      figure(bytes, shoal.seconds),
      `${figure(bytes, Math.max(...seconds))} to ${figure(bytes, Math.min(...seconds))}`,
      figure(bytes, baseline.seconds),
      `${speedup.toFixed(2)} × as fast`,
      cpu(shoal),
      memory(shoal)
    ],
    [`  ${baselineTitle}`, '', '', '', '', cpu(baseline), memory(baseline)]
  ]
}

/** A rate in decimal MB/s, or a time where there is nothing to divide. */
const figure = (bytes: number, seconds: number): string =>
  bytes === 0 ? `${seconds.toFixed(3)} s` : `${(bytes / seconds / 1e6).toFixed(1)} MB/s`

const cpu = ({ sender, receiver }: Sample): string =>
  [sender, receiver].map(it => it?.cpuSeconds.toFixed(2) ?? '-').join(' + ')

const memory = ({ sender, receiver }: Sample): string =>
  [sender, receiver].map(it => (it == null ? '-' : (it.peakRssBytes / 1e6).toFixed(0))).join(' + ')
