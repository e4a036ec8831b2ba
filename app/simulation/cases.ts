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
  },
  'who reads a share when its computer quits opens no file after it (57002)': {
    seed: 57002,
    nodes: [
      { capacityBytes: 400000000, platform: 'linux' },
      { capacityBytes: 400000000, platform: 'linux' }
    ],
    contents: [
      { name: 'c0.bin', files: [{ path: '', sizeBytes: 533349 }], seed: 38740 },
      { name: 'big.bin', files: [{ path: '', sizeBytes: 8072048 }], seed: 707889 }
    ],
    hostile: [
      { manner: 'toggling', seed: 294581, contents: [0], at: 564 },
      { manner: 'flooding', seed: 203579, contents: [0], at: 640 },
      { manner: 'silent', seed: 515805, contents: [0], at: 246 }
    ],
    bulk: false,
    steps: [
      { at: 4427, node: 0, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null },
      { at: 8109, node: 0, do: 'fill', leaveBytes: 25457 },
      { at: 11565, node: 0, do: 'resume', content: 0 },
      { at: 31060, node: 1, do: 'get', content: 0, selection: null, first: false, hints: false, giveUpAfterMs: null },
      { at: 37263, node: 0, do: 'free', leaveBytes: 0 },
      { at: 38214, node: 0, do: 'share', content: 0 }
    ],
    calmAt: 52046.46512337402
  },
  'a power cut in a cancel: what is being removed is durable no more (56085)': {
    seed: 56085,
    nodes: [{ capacityBytes: 400000000, platform: 'linux' }],
    contents: [
      { name: 'c0.bin', files: [{ path: '', sizeBytes: 814849 }], seed: 908146 },
      {
        name: 'c1',
        files: [
          { path: 'f0.dat', sizeBytes: 10963 },
          { path: 'f1.dat', sizeBytes: 1551 },
          { path: 'f2.dat', sizeBytes: 8923 },
          { path: 'd0/f3.dat', sizeBytes: 2877 },
          { path: 'f4.dat', sizeBytes: 1821 },
          { path: 'd2/f5.dat', sizeBytes: 1936 },
          { path: 'f6.dat', sizeBytes: 4109 },
          { path: 'd1/f7.dat', sizeBytes: 35372 },
          { path: 'd2/f8.dat', sizeBytes: 2577 },
          { path: 'f9.dat', sizeBytes: 7108 },
          { path: 'f10.dat', sizeBytes: 10866 },
          { path: 'f11.dat', sizeBytes: 1498 },
          { path: 'f12.dat', sizeBytes: 20672 },
          { path: 'd1/f13.dat', sizeBytes: 32274 },
          { path: 'd2/f14.dat', sizeBytes: 5201 },
          { path: 'd0/f15.dat', sizeBytes: 8121 },
          { path: 'f16.dat', sizeBytes: 2664 },
          { path: 'f17.dat', sizeBytes: 1755 },
          { path: 'f18.dat', sizeBytes: 1075 },
          { path: 'd1/f19.dat', sizeBytes: 12566 },
          { path: 'f20.dat', sizeBytes: 2635 },
          { path: 'f21.dat', sizeBytes: 1577 },
          { path: 'f22.dat', sizeBytes: 1686 },
          { path: 'd2/f23.dat', sizeBytes: 1908 },
          { path: 'd0/f24.dat', sizeBytes: 2779 },
          { path: 'f25.dat', sizeBytes: 3762 },
          { path: 'd2/f26.dat', sizeBytes: 866 },
          { path: 'd0/f27.dat', sizeBytes: 5136 },
          { path: 'd1/f28.dat', sizeBytes: 20720 },
          { path: 'd2/f29.dat', sizeBytes: 2388 },
          { path: 'd0/f30.dat', sizeBytes: 1674 },
          { path: 'f31.dat', sizeBytes: 2892 },
          { path: 'f32.dat', sizeBytes: 2706 },
          { path: 'd0/f33.dat', sizeBytes: 1833 },
          { path: 'f34.dat', sizeBytes: 7012 },
          { path: 'd2/f35.dat', sizeBytes: 12926 },
          { path: 'd0/f36.dat', sizeBytes: 1767 },
          { path: 'd1/f37.dat', sizeBytes: 35820 },
          { path: 'd2/f38.dat', sizeBytes: 2305 },
          { path: 'd0/f39.dat', sizeBytes: 2732 },
          { path: 'f40.dat', sizeBytes: 33442 },
          { path: 'd2/f41.dat', sizeBytes: 4329 },
          { path: 'd0/f42.dat', sizeBytes: 18565 },
          { path: 'f43.dat', sizeBytes: 3365 },
          { path: 'f44.dat', sizeBytes: 12186 },
          { path: 'd0/f45.dat', sizeBytes: 864 },
          { path: 'd1/f46.dat', sizeBytes: 1913 },
          { path: 'd2/f47.dat', sizeBytes: 27952 },
          { path: 'f48.dat', sizeBytes: 17604 },
          { path: 'd1/f49.dat', sizeBytes: 4925 },
          { path: 'f50.dat', sizeBytes: 26802 },
          { path: 'd0/f51.dat', sizeBytes: 1620 },
          { path: 'd1/f52.dat', sizeBytes: 15251 },
          { path: 'f53.dat', sizeBytes: 6027 },
          { path: 'd0/f54.dat', sizeBytes: 8506 },
          { path: 'd1/f55.dat', sizeBytes: 7420 },
          { path: 'd2/f56.dat', sizeBytes: 1166 },
          { path: 'd0/f57.dat', sizeBytes: 1898 },
          { path: 'f58.dat', sizeBytes: 21598 },
          { path: 'f59.dat', sizeBytes: 18341 },
          { path: 'd0/f60.dat', sizeBytes: 5080 },
          { path: 'd1/f61.dat', sizeBytes: 1603 },
          { path: 'f62.dat', sizeBytes: 7922 },
          { path: 'd0/f63.dat', sizeBytes: 24031 },
          { path: 'f64.dat', sizeBytes: 2016 },
          { path: 'f65.dat', sizeBytes: 1375 },
          { path: 'f66.dat', sizeBytes: 15098 },
          { path: 'f67.dat', sizeBytes: 16439 },
          { path: 'd2/f68.dat', sizeBytes: 22644 },
          { path: 'd0/f69.dat', sizeBytes: 17401 },
          { path: 'f70.dat', sizeBytes: 2066 },
          { path: 'f71.dat', sizeBytes: 1103 },
          { path: 'f72.dat', sizeBytes: 13502 },
          { path: 'f73.dat', sizeBytes: 9162 },
          { path: 'd2/f74.dat', sizeBytes: 1836 },
          { path: 'f75.dat', sizeBytes: 4580 },
          { path: 'f76.dat', sizeBytes: 24359 },
          { path: 'd2/f77.dat', sizeBytes: 10117 },
          { path: 'd0/f78.dat', sizeBytes: 4524 },
          { path: 'f79.dat', sizeBytes: 6290 },
          { path: 'd2/f80.dat', sizeBytes: 858 },
          { path: 'd0/f81.dat', sizeBytes: 889 },
          { path: 'd1/f82.dat', sizeBytes: 4009 },
          { path: 'd2/f83.dat', sizeBytes: 21507 },
          { path: 'f84.dat', sizeBytes: 5482 },
          { path: 'd1/f85.dat', sizeBytes: 907 },
          { path: 'd2/f86.dat', sizeBytes: 2156 },
          { path: 'd0/f87.dat', sizeBytes: 38026 },
          { path: 'f88.dat', sizeBytes: 5036 },
          { path: 'd2/f89.dat', sizeBytes: 13873 },
          { path: 'd0/f90.dat', sizeBytes: 4459 },
          { path: 'f91.dat', sizeBytes: 10018 },
          { path: 'f92.dat', sizeBytes: 825 },
          { path: 'd0/f93.dat', sizeBytes: 4206 },
          { path: 'f94.dat', sizeBytes: 895 },
          { path: 'd2/f95.dat', sizeBytes: 2114 },
          { path: 'f96.dat', sizeBytes: 14009 },
          { path: 'f97.dat', sizeBytes: 5682 },
          { path: 'f98.dat', sizeBytes: 20776 },
          { path: 'd0/f99.dat', sizeBytes: 2468 },
          { path: 'f100.dat', sizeBytes: 2108 },
          { path: 'f101.dat', sizeBytes: 6214 },
          { path: 'f102.dat', sizeBytes: 3736 }
        ],
        seed: 99893
      }
    ],
    hostile: [],
    bulk: false,
    steps: [
      { at: 100, node: 2, do: 'share', content: 1 },
      { node: 2, do: 'change', content: 1, file: 102, at: 1000, how: 'delete' },
      { at: 2000, node: 1, do: 'get', content: 1, selection: null, first: false, hints: true, giveUpAfterMs: null },
      { at: 7427, node: 1, do: 'crash', calls: 194, isCut: true },
      { at: 100517, node: 1, do: 'cancel', content: 1 },
      { at: 103058, node: 1, do: 'get', content: 1, selection: null, first: true, hints: true, giveUpAfterMs: null }
    ],
    calmAt: 104058
  }
}

/** What `npm test` runs of the seeds. */
export const SEEDS: readonly number[] = Array.from({ length: 25 }, (_, i) => i + 1)
