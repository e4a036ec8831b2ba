// How long the loop of an engine stands still, and how much memory it takes, with so many files, and with so many leaves.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Line, ProgressLine } from '../json-lines.ts'
import { type Peer, startGet, startPeer, startShare, untilShared } from '../peer.ts'
import { type LoopBlock, Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'

const FOLDER_FILES = 10_000 // more than fit into one block of names
const DEADLINE_MS = 1_800_000
const SETTLED_MS = 300 // the last block of a step has been told by then
const LEAVES = fileURLToPath(new URL('./scale-leaves.ts', import.meta.url))

interface Step {
  readonly what: string
  readonly seconds: number
  /** The longest of the step by what the thread worked: the rest of a block it waited for a core. */
  readonly block: LoopBlock | undefined
  readonly peakRssBytes: number
}

/** Room it needs. */
export const scaleBytes = (count: number): number => count * 2 * 6_000 + 500_000_000

export async function measureScale(count: number, scratch: Scratch): Promise<Step[]> {
  return [...(await measureFiles(count, scratch)), ...(await measureLeaves(count, scratch))]
}

async function measureFiles(count: number, scratch: Scratch): Promise<Step[]> {
  const files = makeFiles(scratch.at('files'), count)
  const steps: Step[] = []
  await using sharer = startShare([scratch.at('files')], { data: scratch.at('a') })
  const { shared } = await timed(steps, 'share', sharer, () => untilShared(sharer, DEADLINE_MS))
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  await timed(steps, 'serve', sharer, async () => {
    await timed(steps, 'start of a get', getter, () => untilProgress(getter, line => (line.bytes ?? 0) > 0))
    await timed(steps, 'fetch', getter, () =>
      untilProgress(getter, line => line.phase === 'verify' && (line.bytes ?? 0) > 0)
    )
    await timed(steps, 'finish', getter, () => getter.finish(DEADLINE_MS))
  })
  for (const file of files) utimesSync(file, 1, 1)
  await timed(steps, 're-check', sharer, async () => {
    await using verify = startPeer(['verify', shared.root], { data: scratch.at('a') })
    await verify.line('verified', () => true, DEADLINE_MS)
  })
  return steps.map(step => ({ ...step, what: `${count} files, ${step.what}` }))
}

async function untilProgress(peer: Peer, isIt: (line: ProgressLine) => boolean): Promise<unknown> {
  const wanted = (line: Line): boolean => line.event === 'done' || (line.event === 'progress' && isIt(line))
  return peer.until('progress', lines => lines.find(wanted), DEADLINE_MS)
}

/** Three levels of folders; no two files hold the same. */
function makeFiles(dir: string, count: number): string[] {
  const files = Array.from({ length: count }, (_, i) =>
    path.join(dir, `folder ${Math.floor(i / FOLDER_FILES)}`, `file number ${i} of many.txt`)
  )
  for (let i = 0; i < count; i += FOLDER_FILES) mkdirSync(path.dirname(files[i] ?? dir), { recursive: true })
  files.forEach((file, i) => writeFileSync(file, `content ${i}`))
  return files
}

async function timed<T>(
  steps: Step[],
  what: string,
  program: Program<never> | Peer,
  act: () => Promise<T>
): Promise<T> {
  const [startedAt, from] = [performance.now(), Date.now()]
  const result = await act()
  const seconds = (performance.now() - startedAt) / 1000
  await new Promise(resolve => setTimeout(resolve, SETTLED_MS))
  steps.push({ what, seconds, block: longestOf(program.blocks, from), peakRssBytes: program.usage.peakRssBytes })
  return result
}

function longestOf(blocks: readonly LoopBlock[], from: number, to = Infinity): LoopBlock | undefined {
  return blocks.filter(it => it.at >= from && it.at <= to).toSorted((a, b) => b.cpuMs - a.cpuMs)[0]
}

async function measureLeaves(count: number, scratch: Scratch): Promise<Step[]> {
  type StepLine = {
    readonly event: 'step'
    readonly name: string
    readonly seconds: number
    readonly startedAtMs: number
  }
  await using program = new Program<StepLine>({ args: [LEAVES, String(count), scratch.at('leaves')] })
  const steps: Step[] = []
  for (let seen = 0; program.exit == null; seen++) {
    const line = await program.until('a step', lines => lines[seen] ?? (program.exit && 'over'), DEADLINE_MS)
    if (line === 'over') break
    const what = `${count} leaves, ${line.name}`
    const block = longestOf(program.blocks, line.startedAtMs, Date.now())
    steps.push({ what, seconds: line.seconds, block, peakRssBytes: program.usage.peakRssBytes })
  }
  if (program.exit?.code !== 0) throw program.failure('did not come to its end')
  return steps
}

export function formatScale(steps: readonly Step[]): string {
  const lines = steps.map(({ what, seconds, block, peakRssBytes }) => {
    const longest = block == null ? 'none seen' : `${block.cpuMs} ms of ${block.ms} (${block.work})`
    return `${what.padEnd(40)} ${seconds.toFixed(1).padStart(7)} s  ${longest.padEnd(48)} ${(peakRssBytes / 1e6).toFixed(0).padStart(6)} MB`
  })
  return ['longest block of the engine by work, and how long it took; peak RSS', ...lines].join('\n')
}
