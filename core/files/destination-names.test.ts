import assert from 'node:assert/strict'
import { constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Disk, type NameRules as DiskRules } from '../simulation/disk.ts'
import { DiskCalls, systemError } from '../simulation/disk-calls.ts'
import { DestinationNames, PROBE_FOLDER, type ProbeCalls } from './destination-names.ts'
import { NAME_RULES, NOT_ON_WINDOWS } from './safe-name.ts'
import { cleanup } from '../testing/cleanup.ts'

interface Holds extends DiskRules {
  /** What a name must not hold. */
  readonly refuses?: RegExp
  /** Dots and spaces at the end fall off, as they do on FAT. */
  readonly cuts?: boolean
}

/** A simulated disk with the folder `/in`, as the probe sees it; every call is counted. */
function diskWith({ refuses, cuts = false, ...rules }: Holds) {
  const disk = new Disk({ capacityBytes: 1e9, rules, clockNs: () => 0n })
  const own = new DiskCalls(disk)
  own.mkdir('/in', false)
  const named = (at: string): string => (cuts ? at.replace(/[. ]+$/, '') : at)
  const seen = { calls: 0, made: 0, failing: undefined as string | undefined }
  const count = <T>(act: () => T): T => {
    seen.calls++
    return act()
  }
  const calls: ProbeCalls = {
    mkdir: at => count(() => own.mkdir(at, false)),
    create: at =>
      count(() => {
        seen.made++
        if (seen.failing != null) throw systemError(seen.failing, 'open', at)
        if (refuses?.test(path.basename(at))) throw systemError('EINVAL', 'open', at)
        own.close(own.open(named(at), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL))
      }),
    isThere: at => count(() => own.stat(named(at), false) != null),
    list: at => count(() => own.readdir(at)),
    unlink: at => count(() => own.unlink(named(at))),
    rmdir: at => count(() => own.rmdir(at)),
    look: at => {
      const inode = own.stat(at, true)
      return inode && { id: String(inode.ino), changedMs: Number(inode.mtimeNs / 1_000_000n) }
    }
  }
  return { calls, seen, left: () => own.readdir('/in') }
}

const LINUX = { platform: 'linux', now: () => 0 } as const
const CASE = { fold: true, normalise: false }
const USUAL = { fold: false, normalise: false }

for (const [what, holds, expected] of [
  ['one with the rules of its system', USUAL, NAME_RULES.linux],
  ['a folding one', CASE, { ...NAME_RULES.linux, folds: true }],
  ['a normalising one', { fold: false, normalise: true }, { ...NAME_RULES.linux, folds: true }],
  [
    'exFAT',
    { ...CASE, refuses: /[:*?"<>|]/, cuts: true },
    { refused: NOT_ON_WINDOWS, cutsEnds: true, hasDevices: false, folds: true, acts: false }
  ],
  [
    'NTFS with the names of Windows',
    { ...USUAL, refuses: /[:*?"<>|]|[. ]$|^(aux|nul)\b/ },
    { refused: NOT_ON_WINDOWS, cutsEnds: true, hasDevices: true, folds: false, acts: false }
  ],
  ['one that refuses some characters', { ...USUAL, refuses: /[?:]/ }, { ...NAME_RULES.linux, refused: ':?' }]
] as const) {
  test(`the names that a disk holds are found out, once, and nothing is left there: ${what}`, async () => {
    const { calls, seen, left } = diskWith(holds)
    const destinations = new DestinationNames({ ...LINUX, calls })
    const [rules, same] = await Promise.all([destinations.of('/in'), destinations.of('/in')])
    assert.deepEqual(rules, expected)
    assert.equal(rules, same)
    assert.deepEqual(left(), [])
    const once = seen.calls
    assert.ok(once < 60)
    assert.equal(await destinations.of('/in'), rules)
    assert.equal(seen.calls, once)
  })
}

test('where nothing can be written, or the disk fails meanwhile, the rules of the system hold, and it is looked at again', async () => {
  const { calls, seen, left } = diskWith({ ...CASE, refuses: /[:*?"<>|]/ })
  const destinations = new DestinationNames({ ...LINUX, calls })
  assert.equal(await destinations.of('/nowhere'), NAME_RULES.linux)
  for (const code of ['EACCES', 'ENOSPC', 'EIO']) {
    seen.failing = code
    assert.equal(await destinations.of('/in'), NAME_RULES.linux)
    assert.deepEqual(left(), [])
  }
  const isFull: ProbeCalls = {
    ...calls,
    create(at) {
      if (!at.endsWith('/a')) throw systemError('ENOSPC', 'open', at) // room for one
      calls.create(at)
    }
  }
  seen.failing = undefined
  assert.equal(await new DestinationNames({ ...LINUX, calls: isFull }).of('/in'), NAME_RULES.linux)
  assert.deepEqual(left(), [])
  assert.equal((await destinations.of('/in')).folds, true)
})

test('a system that refuses the most is not asked', async () => {
  const { calls, seen } = diskWith(USUAL)
  assert.equal(await new DestinationNames({ platform: 'win32', calls }).of('/in'), NAME_RULES.windows)
  assert.equal(seen.calls, 0)
  const mac = await new DestinationNames({ platform: 'darwin', calls }).of('/in')
  assert.equal(mac, NAME_RULES.macos)
})

test(
  'what a killed process left is taken away, and nothing that is somebody else’s',
  { skip: process.platform !== 'linux' },
  async t => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-names-'))
    cleanup(t).defer(() => rmSync(dir, { recursive: true }))
    const left = path.join(dir, PROBE_FOLDER)
    mkdirSync(left)
    writeFileSync(path.join(left, 'aux'), '')
    const dayAgo = Date.now() / 1000 - 25 * 60 * 60
    utimesSync(left, dayAgo, dayAgo)
    await new DestinationNames().of(dir)
    assert.deepEqual(readdirSync(dir), [])

    mkdirSync(left)
    writeFileSync(path.join(left, 'mine'), 'x')
    writeFileSync(path.join(left, 'a'), '') // the one of a process that runs
    await new DestinationNames().of(dir)
    assert.deepEqual(readdirSync(left).sort(), ['a', 'mine'])
    utimesSync(left, dayAgo, dayAgo)
    await new DestinationNames().of(dir)
    assert.ok(existsSync(path.join(left, 'mine')))
  }
)
