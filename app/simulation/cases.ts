// Runs that once broke a promise, made as small as they could be, each under the name of what they broke. One that the simulator finds is added here before
// its cure.
import type { Plan } from './plan.ts'

const LINUX = { capacityBytes: 400_000_000, platform: 'linux' } as const

export const CASES: Readonly<Record<string, Plan>> = {
  'the folder that a .part was made in is synced before its leaves are called durable': {
    seed: 4,
    nodes: [LINUX, LINUX],
    contents: [{ name: 'c0.bin', files: [{ path: '', sizeBytes: 3_000_000 }], seed: 1 }],
    steps: [
      { at: 10, node: 0, do: 'share', content: 0 },
      { at: 2_000, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 3_000
  },
  'the folder of a file that is begun later is synced before its leaves are called durable': {
    seed: 1,
    nodes: [LINUX, LINUX],
    contents: [
      {
        name: 'c0',
        files: Array.from({ length: 12 }, (_, i) => ({ path: `f${i}.dat`, sizeBytes: 2_500_000 })),
        seed: 2
      }
    ],
    steps: [
      { at: 10, node: 0, do: 'share', content: 0 },
      { at: 2_000, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 3_000
  },
  'what is added to a finished folder has its own name only when it was synced': {
    seed: 1,
    nodes: [LINUX, LINUX],
    contents: [
      { name: 'c0', files: Array.from({ length: 8 }, (_, i) => ({ path: `f${i}.dat`, sizeBytes: 9_000 + i })), seed: 3 }
    ],
    steps: [
      { at: 10, node: 0, do: 'share', content: 0 },
      { at: 1_000, node: 1, do: 'get', content: 0, selection: [0, 1], first: false, hints: true, giveUpAfterMs: null },
      { at: 4_999, node: 1, do: 'crash', calls: 4, isCut: true },
      { at: 5_000, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 20_000
  }
}

/** What `npm test` runs of the seeds. */
export const SEEDS: readonly number[] = Array.from({ length: 25 }, (_, i) => i + 1)
