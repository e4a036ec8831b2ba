// What tells the system that a file came from somebody else. Windows and macOS are injected: what the calls do there is not seen here.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import { bench, feed, never, open, type Bench } from '../testing/sample-download.ts'
import { sampleBytes } from '../testing/sample-share.ts'
import { OriginMarks } from './origin-marks.ts'

const SAMPLE = {
  'big.bin': sampleBytes(2_500_000, 'b'),
  'sub/small.exe': Buffer.from('MZ'),
  'sub/empty': Buffer.alloc(0)
}
const NAMES = ['big.bin', 'sub/empty', 'sub/small.exe']

/** A download on such a system, whose marks are noted instead of made. */
function marked(t: TestContext, platform: NodeJS.Platform) {
  const it = bench(t, SAMPLE)
  const written: { file: string; text: string; stood: boolean }[] = []
  const runs: string[][] = []
  const marks = new OriginMarks({
    platform,
    now: () => 0x5f00_0000 * 1000,
    calls: {
      write: (at, text) => {
        const [file = '', stream] = at.split(':')
        assert.equal(stream, 'Zone.Identifier')
        written.push({ file, text, stood: existsSync(path.join(it.directory, 'things')) })
        utimesSync(file, 1_000_000, 1_000_000 + written.length) // as NTFS: a stream is of its file, and moves its time
      },
      run: async (program, args) => runs.push([program, ...args])
    }
  })
  return { it, marks, written, runs }
}

async function get(it: Bench, marks: OriginMarks): Promise<string> {
  await using download = await open(it, { marks })
  await feed(it, download)
  const { path: at } = await download.finish(never)
  return at
}

test('Windows: every file with bytes carries the zone before it has its last name, and is the same file afterwards', async t => {
  const { it, marks, written, runs } = marked(t, 'win32')
  const at = await get(it, marks)
  assert.equal(written.length, 2)
  for (const { text, stood } of written) {
    assert.match(text, /^\[ZoneTransfer\]\r\nZoneId=3\r\n$/)
    assert.ok(!stood, 'before the folder has its name')
  }
  assert.deepEqual(runs, [])
  for (const name of NAMES) assert.deepEqual(readFileSync(path.join(at, name)), SAMPLE[name as keyof typeof SAMPLE])
  await it.store.checkShares(never)
  assert.equal(
    it.store.share(rootText(it.indexed.built.root))!.state,
    'ready',
    'what was noted is the stat after the mark'
  )
})

test('Windows: what was marked and made durable is trusted when the download goes on', async t => {
  const { it, marks } = marked(t, 'win32')
  {
    await using download = await open(it, { marks })
    await feed(it, download, [0, 1])
  }
  await using download = await open(it, { marks })
  assert.deepEqual([download.have.has(0), download.have.has(1)], [true, true])
})

test('macOS: all files are quarantined in one call, before the folder has its name', async t => {
  const { it, marks, written, runs } = marked(t, 'darwin')
  const at = await get(it, marks)
  assert.deepEqual(written, [])
  assert.equal(runs.length, 1)
  const [program, ...args] = runs[0]!
  assert.equal(program, '/usr/bin/xattr')
  assert.deepEqual(args.slice(0, 4), ['-s', '-w', 'com.apple.quarantine', '0081;5f000000;Shoal;'])
  const part = `${at}.part`
  assert.deepEqual(args.slice(4).toSorted(), NAMES.map(name => path.join(part, name)).toSorted())
})

test('a disk that has no place for a mark is no reason to fail; elsewhere there is none', async t => {
  const fails = (): never => {
    throw Object.assign(new Error('no'), { code: 'ENOENT' })
  }
  for (const platform of ['win32', 'darwin'] as const) {
    const it = bench(t, SAMPLE)
    const marks = new OriginMarks({ platform, calls: { write: fails, run: async () => fails() } })
    assert.ok(statSync(await get(it, marks)).isDirectory())
  }
  const { it, marks, written, runs } = marked(t, 'linux')
  await get(it, marks)
  assert.deepEqual([written, runs], [[], []])
})

test('many files are marked by few calls, whatever their number', async () => {
  const runs: (readonly string[])[] = []
  const marks = new OriginMarks({
    platform: 'darwin',
    calls: { write: () => {}, run: async (_, args) => runs.push(args) }
  })
  await marks.markAll(Array.from({ length: 10_000 }, (_, i) => `/folder/${i}`.padEnd(100, 'x')))
  assert.equal(
    runs.reduce((sum, args) => sum + args.length - 4, 0),
    10_000
  )
  assert.ok(runs.length <= 10, `${runs.length} calls`)
  for (const args of runs) assert.ok(args.join(' ').length < 256 * 1024)
})
