import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { CHUNK_BYTES, MAX_NODES_AND_LEAVES } from '../content/limits.ts'
import { CodedError } from '../errors.ts'
import type { StatCache } from './file-stat.ts'
import { DataDirs } from './data-dirs.ts'
import { type HashPool, openHashPool } from './hash-pool.ts'
import { type IndexOptions, type IndexProgress, type Indexed, indexPaths } from './index-paths.ts'

const scratch = fs.realpathSync(
  fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-index-'))
)
const pool = openHashPool({ size: 2 })
const never = new AbortController().signal
after(async () => {
  await pool[Symbol.asyncDispose]()
  fs.rmSync(scratch, { recursive: true })
})

const emptyCache: StatCache = { find: () => undefined, put: () => {} }
let made = 0

/** A new folder with these entries: text for a file, an object for a folder, a function for anything else. */
type Tree = { [name: string]: string | Tree | ((file: string) => void) }
function makeTree(tree: Tree, at = path.join(scratch, `tree-${made++}`)): string {
  fs.mkdirSync(at)
  for (const [name, entry] of Object.entries(tree)) {
    const file = path.join(at, name)
    if (typeof entry === 'string') fs.writeFileSync(file, entry)
    else if (typeof entry === 'function') entry(file)
    else makeTree(entry, file)
  }
  return at
}
const linkTo = (target: string | Buffer) => (file: string) => fs.symlinkSync(target, file)
const makePipe = (file: string): void => void execFileSync('mkfifo', [file])

async function index(paths: string | string[], options: Partial<IndexOptions> = {}, signal = never): Promise<Indexed> {
  const defaults = { skipUnreadable: false, pool, cache: emptyCache, onProgress: () => {} }
  return indexPaths({ ...defaults, paths: [paths].flat(), ...options }, signal)
}

/** Every file's path in the share and its content as text, folders and symlinks; checks that each stands where it is said to. */
function shownTree({ built: { layout }, files }: Indexed): Record<string, string> {
  assert.equal(files.length, layout.files.length)
  const shown: Record<string, string> = {}
  for (const folder of layout.folders) shown[folder.join('/')] = 'folder'
  for (const { path: names, target } of layout.symlinks) shown[names.join('/')] = `-> ${target}`
  layout.files.forEach((file, i) => {
    const bytes = fs.readFileSync(files[i]?.sourcePath ?? '')
    assert.equal(files[i]?.stat.size, bytes.length)
    if (bytes.length > 0)
      assert.deepEqual(Buffer.from(layout.digest(file.start)), createHash('sha256').update(bytes).digest())
    shown[file.path.join('/')] = bytes.toString()
  })
  return shown
}

/** The pool, with something done right after a folder of this name was found and before anybody looks into it. */
function onceFound(name: string, act: (folder: string) => void): HashPool {
  return {
    ...pool,
    listFolders: async (folders, visit, signal) =>
      pool.listFolders(
        folders,
        (folder, rows) => {
          const below = visit(folder, rows)
          for (const it of below) if (path.basename(it.path) === name) act(it.path)
          return below
        },
        signal
      )
  }
}

test('one file is the root, under its own name', async () => {
  const folder = makeTree({ 'hello.txt': 'hello world', empty: '' })
  const indexed = await index(path.join(folder, 'hello.txt'))
  assert.equal(indexed.built.root.toString(), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e') // IPIP-0499
  assert.equal(indexed.name, 'hello.txt')
  assert.deepEqual(indexed.sourcePaths, [path.join(folder, 'hello.txt')])
  assert.deepEqual(shownTree(indexed), { '': 'hello world' })
  assert.deepEqual(shownTree(await index(path.join(folder, 'empty'))), { '': '' })
})

test('one folder is the root, with everything in it', async () => {
  const folder = makeTree({ a: '1', '.hidden': '2', sub: { b: '3', void: {}, ünï: { 'x.part': '4' } }, zero: '' })
  const relative = path.relative(process.cwd(), folder)
  const indexed = await index(`${relative}/`)
  assert.equal(indexed.name, path.basename(folder))
  assert.deepEqual(indexed.sourcePaths, [folder])
  assert.deepEqual(indexed.leftOut, [])
  const expected = {
    a: '1',
    '.hidden': '2',
    sub: 'folder',
    'sub/b': '3',
    'sub/void': 'folder',
    'sub/ünï': 'folder',
    'sub/ünï/x.part': '4',
    zero: ''
  }
  assert.deepEqual(shownTree(indexed), expected)
  const none = await index(makeTree({}))
  assert.equal(none.built.root.toString(), 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354') // IPIP-0499
})

test('a folder swapped for a symlink after it was found is not followed, nor is one above it', async () => {
  const outside = makeTree({ 'private.key': 'secret', deep: { 'private.key': 'secret' } })
  for (const [found, swapped] of [
    ['sub', 'sub'],
    ['deep', 'sub']
  ] as const) {
    const folder = makeTree({ a: '1', sub: { b: '2', deep: { c: '3' } } })
    const swap = (): void => {
      fs.renameSync(path.join(folder, swapped), `${folder}-aside`)
      fs.symlinkSync(outside, path.join(folder, swapped))
    }
    await assert.rejects(index(folder, { pool: onceFound(found, swap) }), { code: 'source-changed' })
  }
})

test('a folder swapped for a symlink before its files are read: nothing outside is read for them', async () => {
  const folder = makeTree({ sub: { b: '2' } })
  const file = path.join(folder, 'sub/b')
  const outside = makeTree({})
  fs.linkSync(file, path.join(outside, 'b')) // it looks the very same
  const swapping: HashPool = {
    ...pool,
    hashFiles: async (files, on, signal) => {
      fs.renameSync(path.dirname(file), `${folder}-aside`)
      fs.symlinkSync(outside, path.dirname(file))
      return pool.hashFiles(files, on, signal)
    }
  }
  await assert.rejects(index(folder, { pool: swapping }), { code: 'source-changed' })
})

test('what is named through a symlink is recorded where it really stands', async () => {
  const folder = makeTree({ sub: { b: '2' } })
  const way = path.join(makeTree({}), 'way')
  fs.symlinkSync(folder, way)
  const indexed = await index(path.join(way, 'sub'))
  assert.deepEqual(indexed.sourcePaths, [path.join(way, 'sub')])
  assert.deepEqual(
    indexed.files.map(it => it.sourcePath),
    [path.join(folder, 'sub/b')]
  )
})

test('data directories are left out, named first, whatever the way to them', async () => {
  const own = { 'shoal.json': '{}', 'identity.key': 'k', logs: { 'shoal.jsonl': 'l' } }
  const folder = makeTree({
    a: '1',
    out: linkTo('/etc'),
    theirs: own,
    half: { 'shoal.json': '{}' },
    deep: { mine: own }
  })
  const mine = path.join(folder, 'deep/mine')
  fs.linkSync(path.join(mine, 'identity.key'), path.join(folder, 'innocent.txt'))
  const indexed = await index(folder, { dataDirs: new DataDirs({ running: mine }) })
  assert.deepEqual(shownTree(indexed), { a: '1', half: 'folder', 'half/shoal.json': '{}', deep: 'folder' })
  const leftOut = indexed.leftOut.map(it => path.relative(path.basename(folder), it.path))
  assert.deepEqual(leftOut.slice(0, 3).toSorted(), ['deep/mine', 'innocent.txt', 'theirs'])
  assert.deepEqual(leftOut.slice(3), ['out'])

  const way = path.join(makeTree({}), 'way')
  fs.symlinkSync(mine, way)
  for (const named of [mine, way, path.join(way, 'logs'), path.join(folder, 'theirs/identity.key')])
    await assert.rejects(index(named), { code: 'forbidden' })
  await assert.rejects(index(path.join(folder, 'innocent.txt'), { dataDirs: new DataDirs({ running: mine }) }), {
    code: 'forbidden'
  })
  const open = new DataDirs({ open: path.join(mine, 'logs') })
  assert.deepEqual(shownTree(await index(path.join(mine, 'logs'), { dataDirs: open })), { 'shoal.jsonl': 'l' })
  await assert.rejects(index(path.join(mine, 'identity.key'), { dataDirs: open }), { code: 'forbidden' })
})

test('several paths are a folder that holds them by base name; twins are refused', async () => {
  const folder = makeTree({ a: '1', sub: { b: '2' }, other: { a: '3' }, 'odd\\': '4' })
  const at = (...names: string[]): string => path.join(folder, ...names)
  const indexed = await index([at('a'), at('sub'), at('sub', 'b')])
  assert.deepEqual(shownTree(indexed), { a: '1', sub: 'folder', 'sub/b': '2', b: '2' })
  assert.equal(indexed.name, 'a and 2 more')
  assert.deepEqual(indexed.sourcePaths, [at('a'), at('sub'), at('sub', 'b')])
  await assert.rejects(index([at('a'), at('other', 'a')]), { code: 'usage' })
  await assert.rejects(index([at('a'), at('a')]), { code: 'usage' })
  await assert.rejects(index(['/', at('a')]), { code: 'usage' })
  await assert.rejects(index([]), { code: 'usage' })
})

test('symlinks: followed when named, kept when they stay inside, else left out and reported', async () => {
  const folder = makeTree({
    a: '1',
    sub: { up: linkTo('../a'), over: linkTo('../../a'), self: linkTo('.') },
    loop: linkTo('loop'),
    dangling: linkTo('nowhere'),
    top: linkTo('..'),
    absolute: linkTo('/etc/passwd'),
    odd: linkTo(Buffer.from([0xff]))
  })
  const indexed = await index(folder)
  const expected = {
    a: '1',
    sub: 'folder',
    'sub/up': '-> ../a',
    'sub/self': '-> .',
    loop: '-> loop',
    dangling: '-> nowhere'
  }
  assert.deepEqual(shownTree(indexed), expected)
  const name = path.basename(folder)
  assert.deepEqual(
    indexed.leftOut.map(it => it.path).toSorted(),
    ['absolute', 'odd', 'sub/over', 'top'].map(it => `${name}/${it}`)
  )

  const named = makeTree({
    file: linkTo(path.join(folder, 'a')),
    folder: linkTo(folder),
    loop: linkTo('loop'),
    gone: linkTo('x')
  })
  const file = await index(path.join(named, 'file'))
  assert.deepEqual([shownTree(file), file.name], [{ '': '1' }, 'file'])
  assert.equal((await index(path.join(named, 'folder'))).built.root.toString(), indexed.built.root.toString())
  const both = await index([path.join(named, 'folder'), path.join(named, 'file')])
  assert.equal(shownTree(both)['folder/sub/up'], '-> ../a')
  assert.equal(both.leftOut.length, 4, 'what is beside a named folder is not inside of it')
  for (const broken of ['loop', 'gone']) await assert.rejects(index(path.join(named, broken)), { code: 'not-found' })
})

test('pipes and devices are left out and reported, and refused when named', { timeout: 120_000 }, async () => {
  const folder = makeTree({ a: '1', pipe: makePipe })
  const indexed = await index(folder)
  assert.deepEqual(shownTree(indexed), { a: '1' })
  assert.deepEqual(
    indexed.leftOut.map(it => it.path),
    [`${path.basename(folder)}/pipe`]
  )
  await assert.rejects(index(path.join(folder, 'pipe')), { code: 'unreadable' })
  await assert.rejects(index([path.join(folder, 'a'), '/dev/null'], { skipUnreadable: true }), { code: 'unreadable' })
})

test('names that are not UTF-8 fail the share, listing ten, unless left out', async () => {
  const folder = makeTree({ a: '1' })
  for (let i = 0; i < 12; i++) fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/${i}`), Buffer.from([0xe9])]), '')
  await assert.rejects(index(folder), (error: unknown) => {
    assert.ok(error instanceof CodedError && error.code === 'unreadable')
    assert.equal(error.message.match(/not UTF-8/g)?.length, 10)
    assert.match(error.message, /and 2 more/)
    return true
  })
  const indexed = await index(folder, { skipUnreadable: true })
  assert.deepEqual(shownTree(indexed), { a: '1' })
  assert.equal(indexed.leftOut.length, 12)
})

test('what is missing, or has a name no system may write, is refused', async () => {
  const folder = makeTree({ 'odd\\name': '1', a: '2' })
  await assert.rejects(index(folder), { code: 'unsafe-name' })
  await assert.rejects(index(path.join(folder, 'odd\\name')), { code: 'unsafe-name' })
  await assert.rejects(index(path.join(folder, 'missing')), { code: 'not-found' })
  await assert.rejects(index([path.join(folder, 'a'), path.join(folder, 'missing')]), { code: 'not-found' })
  await assert.rejects(index(path.join(folder, 'a', 'below')), { code: 'not-found' })
  await assert.rejects(index(path.join(folder, 'a\0')), { code: 'not-found' })
})

test('what changes while it is indexed fails the share', async () => {
  const append = (file: string): void => fs.appendFileSync(file, 'x')
  const touch = (file: string): void => fs.utimesSync(file, 1, 1)
  for (const change of [append, touch, fs.unlinkSync]) {
    const folder = makeTree({ sub: { file: 'content' } })
    let isFound = false
    const onProgress = ({ files }: IndexProgress): void => {
      if (!isFound && files === 1) change(path.join(folder, 'sub', 'file'))
      isFound ||= files === 1
    }
    await assert.rejects(index(folder, { onProgress, skipUnreadable: true }), { code: 'source-changed' })
  }
})

test('known digests are used, and remembered only of files that had come to rest', async () => {
  const folder = makeTree({ old: 'one', fresh: 'two' })
  fs.utimesSync(path.join(folder, 'fresh'), 2 ** 32, 2 ** 32)
  fs.utimesSync(path.join(folder, 'old'), 1, 1) // changes its ctime
  const known = new Map<bigint, Uint8Array>()
  const cache: StatCache = {
    find: stat => known.get(stat.ino),
    put: (stat, digests) => void known.set(stat.ino, digests)
  }
  const inodeOf = (name: string): bigint => fs.statSync(path.join(folder, name), { bigint: true }).ino

  await index(folder, { cache })
  assert.equal(known.size, 0, 'made a moment ago')
  await using later = openHashPool({ size: 1, now: () => Date.now() + 60_000 })
  const { built } = await index(folder, { cache, pool: later })
  assert.deepEqual([...known.keys()], [inodeOf('old')], 'the other one says it is of the year 2106')

  known.set(inodeOf('old'), createHash('sha256').update('three').digest())
  let last: IndexProgress | undefined
  const lying = await index(folder, { cache, onProgress: progress => void (last = progress) })
  assert.deepEqual(last, { bytes: 6, totalBytes: 6, files: 2 })
  assert.notEqual(lying.built.root.toString(), built.root.toString())
  known.set(inodeOf('old'), new Uint8Array(64))
  assert.equal(
    (await index(folder, { cache })).built.root.toString(),
    built.root.toString(),
    'of another size: not used'
  )
})

test('what no share can hold is refused before it is read', async () => {
  const refused = async (named: string): Promise<void> => {
    const onProgress = ({ totalBytes }: IndexProgress): void => assert.equal(totalBytes, null)
    await assert.rejects(index(named, { onProgress }), { code: 'too-large' })
  }
  const folder = makeTree({ huge: '' })
  fs.truncateSync(path.join(folder, 'huge'), (MAX_NODES_AND_LEAVES + 1) * CHUNK_BYTES)
  await refused(folder)
  await refused(path.join(folder, 'huge'))
  const deep = makeTree({})
  fs.mkdirSync(path.join(deep, ...Array<string>(256).fill('d')), { recursive: true })
  assert.equal((await index(deep)).built.layout.folders.length, 256)
  fs.mkdirSync(path.join(deep, ...Array<string>(257).fill('d')))
  await refused(deep)
})

test('progress grows to the total; cancelling ends it at any time', async () => {
  const tree: Tree = {
    big: file => (fs.writeFileSync(file, ''), fs.truncateSync(file, 100 * CHUNK_BYTES)),
    sub: { a: 'abc' }
  }
  const folder = makeTree(tree)
  const seen: IndexProgress[] = []
  await index(folder, { onProgress: progress => void seen.push(progress) })
  const totalBytes = 100 * CHUNK_BYTES + 3
  assert.deepEqual(seen[0], { bytes: 0, totalBytes: null, files: seen[0]?.files })
  assert.deepEqual(seen.at(-1), { bytes: totalBytes, totalBytes, files: 2 })
  assert.ok(seen.every((it, i) => i === 0 || it.bytes >= (seen[i - 1]?.bytes ?? 0)))

  for (let calls = 1; calls < seen.length; calls++) {
    const controller = new AbortController()
    let left = calls
    const onProgress = (): void => {
      if (--left === 0) controller.abort()
    }
    await assert.rejects(index(folder, { onProgress }, controller.signal), { code: 'cancelled' })
  }
  await assert.rejects(index(folder, {}, AbortSignal.abort()), { code: 'cancelled' })
})

// Root reads everything: another user's process has to try. Its code is one bundle in a folder it may read.
const canDropUser =
  spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', '']).status === 0
test(
  'unreadable files and folders fail the share, unless left out',
  { skip: !canDropUser, timeout: 20_000 },
  async () => {
    const folder = makeTree({ a: '1', secret: '2', closed: { b: '3' }, sub: { c: '4' } })
    fs.chmodSync(path.join(folder, 'secret'), 0o000)
    fs.chmodSync(path.join(folder, 'closed'), 0o000)
    fs.chmodSync(scratch, 0o755)
    const out = makeTree({ 'package.json': '{ "type": "module" }' })
    const moduleAt = (name: string): string => JSON.stringify(new URL(name, import.meta.url).pathname)
    const entry = path.join(out, 'entry.ts')
    fs.writeFileSync(
      entry,
      `import { indexPaths } from ${moduleAt('./index-paths.ts')}
     import { openHashPool } from ${moduleAt('./hash-pool.ts')}
     const cache = { find() {}, put() {} }
     for (const [skipUnreadable, ...paths] of JSON.parse(process.argv[2])) {
       const options = { paths, skipUnreadable, pool: openHashPool({ size: 1 }), cache, onProgress() {} }
       try {
         const { built, leftOut } = await indexPaths(options, new AbortController().signal)
         console.log(built.layout.files.length, built.layout.folders.length, leftOut.map(it => it.path.split('/').at(-1)).sort().join())
       } catch (error) {
         console.log(error.code, error.message.match(/(secret|closed)(?= \\()/g)?.sort().join())
       }
     }`
    )
    const thread = new URL('./hash-worker.ts', import.meta.url).pathname
    const entryPoints = { entry, 'hash-worker': thread }
    await build({ entryPoints, outdir: out, bundle: true, platform: 'node', format: 'esm', target: 'node24' })
    const at = (name: string): string => path.join(folder, name)
    const asked = [[false, folder], [true, folder], [true, at('secret')], [true, at('closed')], [true, at('closed'), at('secret'), at('a')]] // prettier-ignore
    const args = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      path.join(out, 'entry.js'),
      JSON.stringify(asked)
    ]
    const { stdout } = await promisify(execFile)('setpriv', args)
    const expected = [
      'unreadable closed,secret',
      '2 1 closed,secret',
      'unreadable secret',
      'unreadable closed',
      '1 0 closed,secret'
    ]
    assert.deepEqual(stdout.trim().split('\n'), expected)
  }
)
