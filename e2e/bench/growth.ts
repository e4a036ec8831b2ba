// npm run bench -- --growth size|files|peers: how time, CPU and memory grow with the size of a file, the number of files and of peers that get at once, each drawn into a picture.

import { MIB, writeRandomFile } from '../content.ts'
import { openChromium } from '../browser.ts'
import { openScratch } from '../scratch.ts'
import { type Chart, drawChart, type Panel } from './chart.ts'
import { median } from './figures.ts'
import { measureGets, openSeeder, type Sample, startNodes } from './nodes.ts'
import { writeFiles } from './small-rows.ts'

const SIZES_MIB = [1, 4, 16, 64, 256, 1024]
const LARGEST_MIB = 20 * 1024
const FILES = [10, 100, 1000, 10_000, 100_000]
const FILE_BYTES = 1024
const PEERS = [1, 2, 4, 8, 16]
const PEER_BYTES = 32 * MIB

interface Point {
  readonly x: number
  readonly sample: Sample
}

interface Growth {
  readonly title: string
  readonly what: string
  readonly xs: readonly number[]
  measureAt(x: number, runs: number): Promise<Sample>
}

const GROWTHS = {
  size: {
    title: 'One file, one to one',
    what: 'MiB',
    xs: SIZES_MIB,
    measureAt: async (mib, runs) => await measureSize(mib * MIB, 1, runs)
  },
  files: { title: `Files of ${FILE_BYTES} bytes, one to one`, what: 'files', xs: FILES, measureAt: measureFiles },
  peers: {
    title: `${PEER_BYTES / MIB} MiB to several at once`,
    what: 'peers that get',
    xs: PEERS,
    measureAt: async (count, runs) => await measureSize(PEER_BYTES, count, runs)
  }
} satisfies Record<string, Growth>

export type GrowthName = keyof typeof GROWTHS
export const isGrowth = (name: string): name is GrowthName => Object.hasOwn(GROWTHS, name)

/** Writes the picture into `folder` and returns its figures as a table of Markdown. @param isFull with the size that takes minutes */
export async function drawGrowth(name: GrowthName, folder: string, runs: number, isFull: boolean): Promise<string> {
  const { title, what, xs, measureAt }: Growth = GROWTHS[name]
  const all = isFull && name === 'size' ? [...xs, LARGEST_MIB] : xs
  const points = await measurePoints(all, async x => await measureAt(x, runs))
  const { svg, width, height } = drawChart(toChart(title, what, points))
  const chromium = await openChromium()
  try {
    const page = await chromium.newPage({ viewport: { width, height }, deviceScaleFactor: 2 })
    await page.setContent(`<body style="margin: 0">${svg}</body>`)
    await page.screenshot({ path: `${folder}/growth-${name}.png` })
  } finally {
    await chromium.close()
  }
  return toTable(what, points)
}

async function measurePoints(xs: readonly number[], measureAt: (x: number) => Promise<Sample>): Promise<Point[]> {
  const points: Point[] = []
  for (const x of xs) {
    process.stderr.write(`growth: ${x}\n`)
    points.push({ x, sample: await measureAt(x) })
  }
  return points
}

async function measureSize(sizeBytes: number, getters: number, runs: number): Promise<Sample> {
  return await measureContent((getters + 1) * sizeBytes, getters, runs, folder => {
    const file = `${folder}/file.bin`
    writeRandomFile(file, sizeBytes, 'growth')
    return file
  })
}

async function measureFiles(count: number, runs: number): Promise<Sample> {
  const roomBytes = 2 * count * 8192
  return await measureContent(roomBytes, 1, runs, folder => writeFiles(`${folder}-files`, count, FILE_BYTES))
}

async function measureContent(
  roomBytes: number,
  getters: number,
  runs: number,
  write: (folder: string) => string
): Promise<Sample> {
  await using scratch = openScratch(roomBytes)
  await using owner = new AsyncDisposableStack()
  const seeder = await openSeeder(write(scratch.at('in')), scratch.at('seeder'), owner)
  const samples: Sample[] = []
  for (let run = 0; run < runs; run++) {
    await using own = new AsyncDisposableStack()
    samples.push(await measureGets([seeder.peer], await startNodes(scratch, getters, own), seeder.link))
  }
  const of = (name: keyof Sample): number => median(samples.map(it => it[name]))
  return {
    seconds: of('seconds'),
    senderCpu: of('senderCpu'),
    receiverCpu: of('receiverCpu'),
    senderRss: of('senderRss'),
    receiverRss: of('receiverRss')
  }
}

const SIDES = ['sending', 'receiving']

function toChart(title: string, xTitle: string, points: readonly Point[]): Chart {
  const panel = (name: string, isLog: boolean, ...of: ((sample: Sample) => number)[]): Panel => ({
    title: name,
    isLog,
    series: of.map((value, at) => ({
      name: of.length === 1 ? 'Shoal' : (SIDES[at] ?? ''),
      points: points.map(({ x, sample }) => [x, value(sample)])
    }))
  })
  const some = (seconds: number): number => Math.max(0.01, seconds) // what the kernel counts in
  return {
    title,
    xTitle,
    xText: x => x.toLocaleString('en'),
    panels: [
      panel('seconds from the command to its end', true, it => it.seconds),
      panel(
        'CPU seconds, all processes of a side',
        true,
        it => some(it.senderCpu),
        it => some(it.receiverCpu)
      ),
      panel(
        'peak RSS, MiB, the biggest node of a side',
        false,
        it => it.senderRss,
        it => it.receiverRss
      )
    ]
  }
}

function toTable(what: string, points: readonly Point[]): string {
  const head = [what, 's', 'CPU s, sending', 'CPU s, receiving', 'peak RSS MiB, sending', 'peak RSS MiB, receiving']
  const rows = points.map(({ x, sample: it }) => [
    String(x),
    ...[it.seconds, it.senderCpu, it.receiverCpu].map(value => value.toFixed(2)),
    ...[it.senderRss, it.receiverRss].map(value => value.toFixed(0))
  ])
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
