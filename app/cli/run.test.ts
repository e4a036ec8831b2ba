import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { CODES, CodedError } from '../../core/errors.ts'
import { ROOT } from '../testing/fake-service.ts'
import { claimDataDir, openDataDir } from '../../core/store/data-dir.ts'
import { readRunFile } from '../host/run-file.ts'
import { systemClock } from '../../core/clock.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { run } from './run.ts'

const ENTRY = new URL('../testing/fake-worker.ts', import.meta.url)
type Line = Record<string, unknown> & { event: string }

function scratch(): { dir: string } & Disposable {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-cli-'))
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

const LINK = `shoal:${ROOT}`
/** As much as is taken, at most 1 MB. */
function* repeat(piece: Buffer): Generator<Buffer> {
  for (let i = 0; i < 250; i++) yield piece
}

const running = new Set<() => Promise<number>>()
/** What a failed test left running. */
afterEach(async () => {
  for (const end of running) await end()
})

/** Runs a command over the fake engine, as a process would. */
function shoal(
  dir: string,
  text: string,
  env: NodeJS.ProcessEnv = {},
  cwd = dir,
  stdin = Readable.from([]),
  isTTY = false
) {
  const interrupt = new AbortController()
  const out: string[] = []
  const err: string[] = []
  const waiters = new Set<() => void>()
  const sink = (to: string[]) => ({
    write(piece: string) {
      to.push(piece)
      for (const wake of waiters) wake()
    }
  })
  const args = [...text.split(' '), '--data', dir]
  const ended = run({ args, env, cwd, version: '1.2.3', stdin, stdout: sink(out), stderr: { ...sink(err), isTTY }, clock: systemClock, interrupt: interrupt.signal, entry: ENTRY }) // prettier-ignore
  const lines = (): Line[] => out.join('').split('\n').filter(Boolean).map(line => JSON.parse(line) as Line) // prettier-ignore
  /** Settles when that line has been printed; fails when the command ends without it. */
  const until = async (event: string): Promise<Line> => {
    for (;;) {
      const found = lines().find(line => line.event === event)
      if (found != null) return found
      const more = Promise.withResolvers<void>()
      waiters.add(more.resolve)
      const status = await Promise.race([more.promise, ended])
      waiters.delete(more.resolve)
      if (status != null && !lines().some(line => line.event === event))
        assert.fail(`ended with ${status} before ${event}: ${out.join('')}${err.join('')}`)
    }
  }
  const interrupted = (): Promise<number> => {
    interrupt.abort(new CodedError('cancelled', 'Cancelled'))
    return ended
  }
  running.add(interrupted)
  void ended.then(() => running.delete(interrupted))
  return { ended, out, err, lines, until, interrupted }
}
const keys = (line: Line | undefined): string => Object.keys(line ?? {}).join(' ')
const events = (lines: Line[]): string => [...new Set(lines.map(line => line.event))].join(' ')

test('the exit status of every code is that of PRODUCT.md', () => {
  const table: Record<number, string> = {
    1: 'internal crashed',
    2: 'usage invalid-link unsupported-cid not-found',
    3: 'no-providers',
    4: 'hash-mismatch bad-content',
    5: 'disk-full',
    6: 'unsafe-name too-large unsupported-layout forbidden unreadable not-writable',
    7: 'source-changed',
    8: 'already-running data-newer data-foreign data-damaged',
    130: 'cancelled'
  }
  for (const code of CODES) assert.ok(table[EXIT_CODES[code]]?.split(' ').includes(code), code)
})

test('share: its lines, then it serves until Ctrl-C, which is its normal end', async () => {
  using it = scratch()
  const share = shoal(it.dir, 'share a --json --network loopback')
  await share.until('shared')
  const run = readRunFile(it.dir)
  assert.equal(run?.ui, null, 'no page')
  assert.equal(await share.interrupted(), 0)
  const lines = share.lines()
  assert.equal(events(lines), 'listening progress shared')
  assert.equal(keys(lines[0]), 'event peerId addrs')
  assert.equal(keys(lines[1]), 'event phase root bytes total rate received duplicate')
  assert.deepEqual([lines[1]?.phase, lines[1]?.root], ['index', null])
  assert.equal(keys(lines.at(-1)), 'event root link bytes files seconds leftOut')
  assert.equal(readRunFile(it.dir), undefined)
})

test('get: its lines and exit 0; every failure ends with its code and status', async () => {
  using it = scratch()
  const get = shoal(it.dir, `get shoal:${ROOT} --json --network loopback`)
  assert.equal(await get.ended, 0)
  assert.equal(events(get.lines()), 'listening progress done')
  assert.equal(keys(get.lines().find(line => line.event === 'progress')), 'event phase root bytes total rate received duplicate') // prettier-ignore
  assert.equal(keys(get.lines().at(-1)), 'event root path bytes seconds received duplicate sources')
  const serve = shoal(it.dir, 'serve --json --port 0 --network loopback')
  await serve.until('ui')
  for (const code of CODES) {
    const failed = shoal(it.dir, `get x --json --peer /fail/${code}`) // the fake takes the first address as the fault
    assert.equal(await failed.ended, EXIT_CODES[code], code)
    assert.deepEqual(failed.lines().at(-1), { event: 'error', code, message: code === 'cancelled' ? 'as asked: cancelled' : `as asked: ${code}` }) // prettier-ignore
  }
  const text = shoal(it.dir, 'get x --peer /fail/no-providers')
  assert.equal(await text.ended, 3)
  assert.deepEqual([text.out, text.err], [[], ['shoal: as asked: no-providers\n']])
  assert.equal(await serve.interrupted(), 0)
  assert.equal(events(serve.lines()), 'listening ui')
})

test('get: a share file is an argument too; one that is none is refused', async () => {
  using it = scratch()
  writeFileSync(path.join(it.dir, 'Summer.shoal'), '/fail/no-providers\n') // a link that the fake has an answer to
  writeFileSync(path.join(it.dir, 'big.shoal'), 'x'.repeat(9000))
  const data = path.join(it.dir, 'data')
  const named: [string, number, string][] = [['Summer.shoal', 3, 'no-providers'], [pathToFileURL(path.join(it.dir, 'Summer.shoal')).href, 3, 'no-providers'], ['big.shoal', 2, 'invalid-link'], ['gone.shoal', 2, 'not-found']] // prettier-ignore
  for (const [name, status, code] of named) {
    const get = shoal(data, `get ${name} --json --network loopback`, {}, it.dir)
    assert.equal(await get.ended, status, name)
    assert.equal(get.lines().at(-1)?.code, code, name)
  }
})

test('a damaged index: asked once where somebody can answer, else only said', async () => {
  using it = scratch()
  const data = path.join(it.dir, 'damaged') // the fake cannot start there
  claimDataDir(data)
  const at = path.join(data, 'shoal.db')
  const asTerminal = (text: string) => Object.assign(Readable.from(text === '' ? [] : [text]), { isTTY: true })
  const asked = async (command: string, answer: string, isTerminal: boolean) => {
    writeFileSync(at, 'x'.repeat(10_000))
    const ls = shoal(data, command, {}, it.dir, asTerminal(answer), isTerminal)
    assert.equal(await ls.ended, 8)
    return ls.err.join('')
  }
  assert.match(await asked('ls', 'n\n', true), /damaged.*\[y\/N\]/s)
  assert.ok(existsSync(at), 'no is no')
  await asked('ls', '', true) // Ctrl-D
  assert.ok(existsSync(at), 'nothing is no')
  for (const [command, isTerminal] of [
    ['ls', false],
    ['ls --json', true]
  ] as const) {
    assert.doesNotMatch(await asked(command, 'y\n', isTerminal), /y\/N/)
    assert.ok(existsSync(at))
  }
  await asked('ls', 'y\n', true)
  assert.ok(!existsSync(at), 'it was set aside')
})

test('Ctrl-C pauses a get, in its own process and through another', async () => {
  using it = scratch()
  const alone = shoal(it.dir, 'get x --json --network loopback --peer /hold')
  await alone.until('progress')
  assert.equal(await alone.interrupted(), 130)
  assert.equal(alone.lines().at(-1)?.code, 'cancelled')
  const serve = shoal(it.dir, 'serve --json --port 0 --network loopback')
  await serve.until('ui')
  const through = shoal(it.dir, 'get x --json --peer /hold')
  await through.until('progress')
  assert.equal(await through.interrupted(), 130)
  assert.equal(await serve.interrupted(), 0)
})

test('through a running node: share prints its lines and ends, the others ask, another network is exit 8', async () => {
  using it = scratch()
  const serve = shoal(it.dir, 'serve --json --port 0 --network loopback')
  const { url } = await serve.until('ui')
  const share = shoal(it.dir, 'share a --json --network loopback')
  assert.equal(await share.ended, 0)
  assert.equal(events(share.lines()), 'listening progress shared')
  const asked = async (text: string, status = 0) => {
    const command = shoal(it.dir, `${text} --json`)
    assert.equal(await command.ended, status, `${text}: ${command.out.join('')}`)
    return command.lines()
  }
  assert.equal(keys((await asked('ls'))[0]), 'event root name bytes files state')
  assert.equal(keys((await asked('transfers'))[0]), 'event root name state bytes total rate path')
  assert.equal(keys((await asked('peers'))[0]), 'event peerId name addrs via direct latencyMs rateIn rateOut')
  const [info] = await asked('info')
  assert.equal(keys(info), 'event version peerId addrs network data ui ownDisk')
  assert.deepEqual([info?.ui, info?.data], [url, it.dir])
  const verified = (await asked(`verify ${ROOT}`)).at(-1)
  assert.equal(keys(verified), 'event root bytes bad')
  assert.deepEqual(await asked(`remove ${ROOT}`), [{ event: 'removed', root: ROOT }])
  assert.equal((await asked(`remove ${ROOT}`, 2))[0]?.code, 'not-found')
  assert.equal((await asked(`verify ${ROOT}`, 2)).at(-1)?.code, 'not-found')
  assert.deepEqual(await asked('ls'), [])
  assert.equal((await asked('share a --network lan', 8))[0]?.code, 'already-running')
  assert.equal((await asked('ls --network lan', 8))[0]?.code, 'already-running')
  assert.equal((await asked('get x --listen /ip4/127.0.0.1/tcp/5', 8))[0]?.code, 'already-running')
  assert.equal((await asked('serve --port 0', 8))[0]?.code, 'already-running')
  const fromEnv = { SHOAL_NETWORK: 'lan' }
  assert.equal(await shoal(it.dir, 'ls --json', fromEnv).ended, 0, 'a question is answered')
  assert.equal(await shoal(it.dir, 'share a --json', fromEnv).ended, 8, 'bytes go no further than this shell allows')
  assert.equal(await serve.interrupted(), 0)
})

test('with nobody running the data directory is opened for the question', async () => {
  using it = scratch()
  const ls = shoal(it.dir, 'ls --json')
  assert.equal(await ls.ended, 0)
  assert.equal(events(ls.lines()), 'share')
  const info = shoal(it.dir, 'info --json')
  assert.equal(await info.ended, 0)
  assert.deepEqual([info.lines()[0]?.addrs, info.lines()[0]?.ui], [[], null])
  const text = shoal(it.dir, 'ls')
  assert.equal(await text.ended, 0)
  assert.deepEqual(text.out, [`${ROOT}  5 B  ready  hello.txt\n`])
})

test('several at once: one holds, the others go through it', async () => {
  using it = scratch()
  const all = Array.from({ length: 5 }, () => shoal(it.dir, 'share a --json --network loopback'))
  await Promise.all(all.map(one => one.until('shared')))
  const over: Promise<number>[] = []
  for (const one of all) over.push(one.interrupted())
  assert.deepEqual(await Promise.all(over), [0, 0, 0, 0, 0])
})

test('a get goes on by itself when the process it followed ends', async () => {
  using it = scratch()
  const holder = shoal(it.dir, 'share a --json --network loopback')
  await holder.until('shared')
  const get = shoal(it.dir, 'get x --json --network loopback --peer /hold')
  await get.until('progress')
  assert.equal(readRunFile(it.dir)?.ui, null)
  const before = readRunFile(it.dir)?.token
  assert.equal(await holder.interrupted(), 0)
  for (let turn = 0; [undefined, before].includes(readRunFile(it.dir)?.token); turn++) {
    assert.ok(turn < 5000, 'it became the holder')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  assert.equal(await get.interrupted(), 130)
})

test('a holder that never answers is waited for, and Ctrl-C ends the wait', async () => {
  using it = scratch()
  using _held = openDataDir(it.dir)
  const ls = shoal(it.dir, 'ls --json')
  assert.equal(await ls.interrupted(), 130)
  assert.equal(ls.lines()[0]?.code, 'cancelled')
})

test('a wrong command line is one JSON line too', async () => {
  using it = scratch()
  const wrong = shoal(it.dir, 'moon --json')
  assert.equal(await wrong.ended, 2)
  assert.deepEqual([wrong.lines().length, wrong.lines()[0]?.code], [1, 'usage'])
  const foreign = shoal('/proc/self', 'ls --json')
  assert.ok([6, 8].includes(await foreign.ended))
})

test('a link may come from standard input, so that no list of processes shows it', async () => {
  using it = scratch()
  const piped = shoal(
    it.dir,
    'get - --json',
    {},
    it.dir,
    Readable.from([Buffer.from(LINK.slice(0, 9)), Buffer.from(`${LINK.slice(9)}\n`)])
  )
  assert.equal(await piped.ended, 0, piped.err.join(''))
  assert.equal((await piped.until('done')).root, ROOT)
  const endless = shoal(it.dir, 'get -', {}, it.dir, Readable.from(repeat(Buffer.alloc(4096, 'x'))))
  assert.deepEqual([await endless.ended, endless.err.length], [2, 1])
  const nothing = shoal(it.dir, 'get -', {}, it.dir, Readable.from([]))
  assert.equal(await nothing.ended, 2)
  const silent = shoal(it.dir, 'get -', {}, it.dir, new Readable({ read() {} }))
  assert.equal(await silent.interrupted(), 130)
})
