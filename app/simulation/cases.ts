// Runs that once broke a promise, made as small as they could be, each under the name of what they broke. One that the simulator finds is added here before
// its cure.
import type { Plan } from './plan.ts'

const WINDOWS = { capacityBytes: 400_000_000, platform: 'win32' } as const
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
  },
  'a folder that could not be synced just now is synced before anything in it is called durable': {
    seed: 575,
    nodes: [LINUX, LINUX],
    contents: [{ name: 'c0', files: [{ path: 'f0.dat', sizeBytes: 140 }], seed: 348549 }],
    steps: [
      { at: 463, node: 0, do: 'share', content: 0 },
      { at: 1566, node: 0, do: 'link', to: 1, how: 'down', forMs: 1077 },
      { at: 2853, node: 1, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: 33_109 },
      {
        at: 3191,
        node: 1,
        do: 'fail',
        fault: { calls: ['open'], code: 'EACCES', chance: 0.08126656343961138 },
        forMs: 3431
      }
    ],
    calmAt: 4191
  },
  'a power cut that takes what was noted of a file and leaves the file does not stand in its way': {
    seed: 551,
    nodes: [WINDOWS, LINUX],
    contents: [
      { name: 'c0.bin', files: [{ path: '', sizeBytes: 1 }], seed: 773858 },
      {
        name: 'c1',
        files: [
          { path: 'f0.dat', sizeBytes: 37321 },
          { path: 'd1/f1.dat', sizeBytes: 1 },
          { path: 'd2/f2.dat', sizeBytes: 45617 }
        ],
        seed: 313833
      }
    ],
    steps: [
      { at: 744, node: 1, do: 'share', content: 0 },
      { at: 1195, node: 1, do: 'crash', calls: 11, isCut: true },
      { at: 1317, node: 1, do: 'share', content: 1 },
      { at: 3010, node: 1, do: 'cut' },
      { at: 4528, node: 1, do: 'start' },
      { at: 10431, node: 1, do: 'get', content: 1, selection: null, first: false, hints: false, giveUpAfterMs: null },
      { at: 11118, node: 1, do: 'start' }
    ],
    calmAt: 12118
  },
  'a provider that cannot be reached while others are still looked for ends nothing': {
    seed: 478,
    nodes: [WINDOWS, LINUX, LINUX],
    contents: [{ name: 'c0', files: [{ path: 'f0.dat', sizeBytes: 300_000 }], seed: 760243 }],
    steps: [
      { at: 1_474, node: 1, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null },
      { at: 1_654, node: 2, do: 'share', content: 0 },
      { at: 51_996, node: 2, do: 'quit' },
      { at: 69_781, node: 0, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null }
    ],
    calmAt: 238_632
  },
  'who has a root open hears once that it is whole, not with every file that came': {
    seed: 1,
    nodes: [LINUX, LINUX, LINUX],
    contents: [
      { name: 'c0', files: Array.from({ length: 800 }, (_, i) => ({ path: `f${i}.dat`, sizeBytes: 50 + i })), seed: 9 }
    ],
    steps: [
      { at: 10, node: 0, do: 'share', content: 0 },
      {
        at: 2_000,
        node: 1,
        do: 'get',
        content: 0,
        selection: Array.from({ length: 400 }, (_, i) => 2 * i),
        first: false,
        hints: true,
        giveUpAfterMs: null
      },
      { at: 9_000, node: 2, do: 'slow', call: 'fsync', ms: 5_000, forMs: 60_000 },
      { at: 10_000, node: 2, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null },
      { at: 12_000, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 80_000
  },
  'what a disk could not keep is written again before it is called durable, also after a start': {
    seed: 17,
    nodes: [LINUX],
    contents: [
      { name: 'c0', files: Array.from({ length: 60 }, (_, i) => ({ path: `f${i}.dat`, sizeBytes: 900 + i })), seed: 4 }
    ],
    steps: [
      { at: 100, node: 0, do: 'share', content: 0 },
      { at: 1_000, node: 0, do: 'fail', fault: { calls: ['fsync'], code: 'EIO', chance: 0.3 }, forMs: 3_000 },
      { at: 1_001, node: 0, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null }
    ],
    calmAt: 5_000
  },
  'a folder that stands there from a run that could not sync it is synced with what comes into it': {
    seed: 115,
    nodes: [LINUX, LINUX, LINUX],
    contents: [
      {
        name: 'c0',
        files: [
          { path: 'd0/f0.dat', sizeBytes: 106834 },
          { path: 'f1.dat', sizeBytes: 0 },
          { path: 'f2.dat', sizeBytes: 211 },
          { path: 'f3.dat', sizeBytes: 78 },
          { path: 'f4.dat', sizeBytes: 5 },
          { path: 'd2/f5.dat', sizeBytes: 18321 },
          { path: 'f6.dat', sizeBytes: 22466 },
          { path: 'd1/f7.dat', sizeBytes: 3 }
        ],
        seed: 156632
      },
      { name: 'c1', files: [{ path: 'd0/f0.dat', sizeBytes: 2 }], seed: 957427 }
    ],
    steps: [
      { at: 1482, node: 2, do: 'share', content: 0 },
      { at: 1556, node: 1, do: 'share', content: 1 },
      {
        at: 2218,
        node: 0,
        do: 'get',
        content: 0,
        selection: [1, 4, 6],
        first: false,
        hints: true,
        giveUpAfterMs: null
      },
      {
        at: 3900,
        node: 0,
        do: 'fail',
        fault: { calls: ['open'], code: 'EACCES', chance: 0.18487740202182518 },
        forMs: 32227
      },
      { at: 6375, node: 0, do: 'get', content: 1, selection: null, first: false, hints: false, giveUpAfterMs: null }
    ],
    calmAt: 7375
  },
  'a download that cannot be taken away now lets go of its folders': {
    seed: 890_885_666,
    nodes: [LINUX, LINUX],
    contents: [
      { name: 'c0.bin', files: [{ path: '', sizeBytes: 18 }], seed: 9538 },
      { name: 'c1', files: [{ path: 'd0/f0.dat', sizeBytes: 46 }], seed: 352774 },
      {
        name: 'c2',
        files: [
          { path: 'f0.dat', sizeBytes: 19 },
          { path: 'd1/f1.dat', sizeBytes: 83 }
        ],
        seed: 188050
      }
    ],
    hostile: [
      { manner: 'toggling', seed: 961094, contents: [0, 1, 2], at: 4114 },
      { manner: 'toggling', seed: 264354, contents: [2], at: 356 }
    ],
    steps: [
      { at: 923, node: 0, do: 'share', content: 1 },
      { at: 1369, node: 1, do: 'share', content: 2 },
      { at: 1980, node: 0, do: 'share', content: 0 },
      { at: 2630, node: 0, do: 'get', content: 1, selection: [0], first: false, hints: true, giveUpAfterMs: null },
      { at: 7847, node: 1, do: 'get', content: 1, selection: null, first: false, hints: true, giveUpAfterMs: null },
      {
        at: 8317,
        node: 0,
        do: 'fail',
        fault: { calls: ['open'], code: 'EMFILE', chance: 0.6439861876469131 },
        forMs: 2772
      },
      { at: 9339, node: 0, do: 'get', content: 2, selection: null, first: false, hints: true, giveUpAfterMs: null },
      { at: 10009, node: 0, do: 'cancel', content: 2 }
    ],
    calmAt: 11009
  },
  'what goes on of a computer that loses power in the middle of something ends no other one': {
    seed: 1,
    nodes: [LINUX, LINUX, LINUX, LINUX],
    contents: [
      { name: 'c0', files: [{ path: 'f0.dat', sizeBytes: 4 }], seed: 4 },
      { name: 'c1.bin', files: [{ path: '', sizeBytes: 5 }], seed: 5 }
    ],
    steps: [
      { at: 3_000, node: 0, do: 'get', content: 0, selection: null, first: true, hints: false, giveUpAfterMs: null },
      { at: 4_057, node: 0, do: 'kill' },
      { at: 6_673, node: 0, do: 'start' },
      { at: 8_999, node: 0, do: 'crash', calls: 12, isCut: true },
      { at: 10_000, node: 0, do: 'get', content: 1, selection: null, first: false, hints: false, giveUpAfterMs: null }
    ],
    calmAt: 20_000
  },
  'a link that was slow twice at once is as fast as before, and as long as bytes come nobody is given up': {
    seed: 890_885_719,
    nodes: [WINDOWS, LINUX],
    contents: [{ name: 'c0.bin', files: [{ path: '', sizeBytes: 545_947 }], seed: 553661 }],
    steps: [
      { at: 749, node: 0, do: 'share', content: 0 },
      { at: 1798, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null },
      { at: 1991, node: 1, do: 'link', to: 0, how: 'slow', forMs: 1287 },
      { at: 2024, node: 1, do: 'link', to: 0, how: 'down', forMs: 1693 }
    ],
    calmAt: 3024
  },
  'on a disk that folds names, twins have a place each': {
    seed: 3,
    nodes: [LINUX, { ...LINUX, names: { fold: true, normalise: false } }],
    contents: [
      {
        name: 'c0',
        files: [
          { path: 'A.txt', sizeBytes: 1_500_000 },
          { path: 'a.txt', sizeBytes: 1_500_001 },
          { path: 'B/x', sizeBytes: 10 },
          { path: 'b/X', sizeBytes: 11 }
        ],
        seed: 5
      }
    ],
    steps: [
      { at: 10, node: 0, do: 'share', content: 0 },
      { at: 2_000, node: 1, do: 'get', content: 0, selection: null, first: false, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 3_000
  }
}

/** What `npm test` runs of the seeds. */
export const SEEDS: readonly number[] = Array.from({ length: 25 }, (_, i) => i + 1)
