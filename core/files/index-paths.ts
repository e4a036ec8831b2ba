// Turns what the user named into a share: walks it, hashes it (or remembers the digests), builds its DAG. Writes nothing.

import { access, constants, lstat, realpath } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Built, SourceTree } from '../content/build.ts'
import { buildSteps } from '../content/build.ts'
import { nameBytes } from '../content/name.ts'
import { CodedError } from '../errors.ts'
import { inTurns } from '../turns.ts'
import { DataDirs } from './data-dirs.ts'
import type { FileStat, StatCache } from './file-stat.ts'
import { fileStatOf } from './file-stat.ts'
import { DIGEST_BYTES, type Failure, errnoReason } from './hash-messages.ts'
import type { HashPool } from './hash-pool.ts'
import { type Hashed, chunkCount } from './hash-run.ts'
import type { Entries, FoundFile, LeftOut } from './source-walk.ts'
import { SourceWalk, changedError } from './source-walk.ts'

/** `files`: found so far. `bytes`: of `totalBytes`, hashed or known already; the total is null until everything was found. */
export interface IndexProgress {
  readonly bytes: number
  readonly totalBytes: number | null
  readonly files: number
}

export interface Indexed {
  readonly built: Built
  /** Names the share; a hint for the link. */
  readonly name: string
  /** Parallel to `built.layout.files`: where each stands, and what it looked like when it was read. */
  readonly files: readonly { readonly sourcePath: string; readonly stat: FileStat }[]
  readonly leftOut: readonly LeftOut[]
  /** Absolute: what the user named. */
  readonly sourcePaths: readonly string[]
}

export interface IndexOptions {
  /** Absolute, or relative to the working folder. One is its own root; several become a folder that holds them by base name. */
  readonly paths: readonly string[]
  /** Leave out what cannot be read, instead of refusing. */
  readonly skipUnreadable: boolean
  readonly pool: HashPool
  readonly cache: StatCache
  /** What is Shoal's own; when absent, what can be told without knowing which data directory is in use. */
  readonly dataDirs?: DataDirs
  /** Called a few times for every folder and every 16 MiB; keep it cheap. */
  onProgress(progress: IndexProgress): void
}

/** A file touched later than this before it was read may change again within one tick of its clock (FAT: 2 s). */
const SETTLED_NS = 2_000_000_000n
const MAX_LISTED = 10
const LOOKUPS_AT_ONCE = 500

/**
 * Indexes one share. Throws `usage` (no path, twins), `forbidden` (a data directory, or in one), `not-found`, `unreadable` (listing up to 10; only what cannot be left out with
 * `skipUnreadable`), `unsafe-name`, `too-large`, `source-changed`, `cancelled`.
 */
export async function indexPaths(options: IndexOptions, signal: AbortSignal): Promise<Indexed> {
  const { pool, skipUnreadable, onProgress, dataDirs = new DataDirs() } = options
  const named = await resolveNamed(options.paths)
  const walk = new SourceWalk(dataDirs)
  for (const it of named) dataDirs.refuse(it.path)
  const onFound = (): void => onProgress({ bytes: 0, totalBytes: null, files: walk.files.length })
  const tree = await walkNamed(walk, named, pool, onFound, signal)
  if (walk.unreadable.length > 0 && !skipUnreadable) throw unreadableError(walk.unreadable, true)
  await hashFound(walk, options, signal)
  throwIfCancelled(signal)
  const built = await buildInSteps(tree, signal)
  return {
    built,
    name: nameOf(named),
    files: await sourcesOf(built, tree, walk.files, signal),
    leftOut: [...walk.ownData, ...walk.leftOut, ...walk.unreadable],
    sourcePaths: named.map(it => it.sourcePath)
  }
}

/** The DAG, with a turn of the loop between its steps. */
async function buildInSteps(tree: SourceTree, signal: AbortSignal): Promise<Built> {
  return inTurns('build-dag', buildSteps(tree), () => throwIfCancelled(signal))
}

/** What the user named: `path` is where it really stands, with no symlink on the way, `sourcePath` what was named. */
interface Named {
  readonly sourcePath: string
  readonly path: string
  readonly name: string
  readonly stat: FileStat | 'folder'
  readonly problem?: string
}

async function resolveNamed(paths: readonly string[]): Promise<Named[]> {
  const sourcePaths = paths.map(it => path.resolve(it))
  const seen = new Set<string>()
  for (const name of sourcePaths.map(nameOfPath)) {
    if (seen.has(name))
      throw new CodedError('usage', `Two of these are called ${name}: rename one, or share them one by one`)
    seen.add(name)
  }
  const [first] = sourcePaths
  if (first == null) throw new CodedError('usage', 'Name at least one file or folder to share')
  if (sourcePaths.length > 1 && seen.has('')) throw new CodedError('usage', 'A whole disk is shared on its own')
  const named: Named[] = []
  for (const sourcePath of sourcePaths) named.push(await lookUp(sourcePath))
  return named
}

async function lookUp(sourcePath: string): Promise<Named> {
  const name = nameOfPath(sourcePath)
  try {
    const found = await lstat(sourcePath, { bigint: true })
    if (name !== '') nameBytes(name)
    const target = await realpath(sourcePath)
    const stat = target === sourcePath ? found : await lstat(target, { bigint: true })
    const it = { sourcePath, path: target, name }
    if (stat.isDirectory()) return { ...it, stat: 'folder' }
    if (!stat.isFile())
      throw new CodedError('unreadable', `${sourcePath} is neither a file nor a folder: it cannot be shared`)
    const problem = await access(target, constants.R_OK).then(() => undefined, reasonOf)
    return { ...it, stat: fileStatOf(stat), ...(problem != null && { problem }) }
  } catch (error) {
    if (error instanceof CodedError) throw error
    const reason = reasonOf(error)
    if (reason === errnoReason('EACCES')) throw new CodedError('unreadable', `Cannot read ${sourcePath}: ${reason}`)
    throw new CodedError('not-found', `There is no file or folder ${sourcePath}`, { cause: error })
  }
}

async function walkNamed(
  walk: SourceWalk,
  named: readonly Named[],
  pool: HashPool,
  onFound: () => void,
  signal: AbortSignal
): Promise<SourceTree> {
  const [only, ...others] = named
  if (only != null && others.length === 0) {
    if (only.problem != null) throw unreadableError([{ path: only.name, reason: only.problem }])
    if (only.stat !== 'folder') return walk.addRootFile(only.path, only.name, only.stat)
    const root = walk.openRoot(only.path, only.name)
    await walk.list([root], pool, onFound, signal)
    const refused = walk.unreadable.find(it => it.path === only.name)
    if (refused != null) throw unreadableError([refused])
    return { kind: 'folder', entries: root.entries }
  }
  const entries: Entries = new Map()
  const folders = []
  for (const { name, path: file, stat, problem } of named) {
    if (problem != null) {
      walk.unreadable.push({ path: name, reason: problem })
      continue
    }
    const folder = walk.addNamed(entries, name, file, stat)
    if (folder != null) folders.push(folder)
  }
  await walk.list(folders, pool, onFound, signal)
  return { kind: 'folder', entries }
}

/** Gives every file its digests. */
async function hashFound(walk: SourceWalk, options: IndexOptions, signal: AbortSignal): Promise<void> {
  const { cache, pool, skipUnreadable, onProgress } = options
  const { files, totalBytes } = walk
  const unknown: FoundFile[] = []
  let bytes = 0
  for (const [i, file] of files.entries()) {
    if (i % LOOKUPS_AT_ONCE === 0) {
      await setImmediate()
      throwIfCancelled(signal)
    }
    if (recall(cache, file)) bytes += file.stat.size
    else unknown.push(file)
  }
  const report = (more: number): void => onProgress({ bytes: (bytes += more), totalBytes, files: files.length })
  report(0)
  const on = {
    bytes: report,
    file(file: FoundFile, result: Hashed | Failure): void {
      if ('why' in result) return failFile(walk, file, result, skipUnreadable)
      file.node.leaves = { digests: result.digests, sizeBytes: file.stat.size }
      if (isSettled(file.stat, result.readAtMs)) cache.put(file.stat, result.digests)
    }
  }
  await pool.hashFiles(unknown, on, signal)
}

function recall(cache: StatCache, { stat, node }: FoundFile): boolean {
  const digests = cache.find(stat)
  if (digests?.length !== DIGEST_BYTES * chunkCount(stat.size)) return false
  node.leaves = { digests, sizeBytes: stat.size }
  return true
}

function isSettled({ mtimeNs, ctimeNs }: FileStat, readAtMs: number): boolean {
  const touchedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
  return BigInt(Math.floor(readAtMs)) * 1_000_000n - touchedNs >= SETTLED_NS
}

function failFile(
  walk: SourceWalk,
  { shownPath, inFolder }: FoundFile,
  failure: Failure,
  skipUnreadable: boolean
): void {
  if (failure.why !== 'system' || failure.errno === 'ENOENT' || failure.errno === 'ELOOP') throw changedError(shownPath)
  const leftOut = { path: shownPath, reason: errnoReason(failure.errno) }
  if (!skipUnreadable || inFolder == null) throw unreadableError([leftOut], inFolder != null)
  walk.unreadable.push(leftOut)
  inFolder.entries.delete(inFolder.name)
}

async function sourcesOf(
  built: Built,
  tree: SourceTree,
  found: readonly FoundFile[],
  signal: AbortSignal
): Promise<Indexed['files']> {
  let looked = 0
  const breathe = async (): Promise<void> => {
    if (++looked % LOOKUPS_AT_ONCE !== 0) return
    await setImmediate()
    throwIfCancelled(signal)
  }
  const byNode = new Map<SourceTree, FoundFile>()
  for (const file of found) {
    byNode.set(file.node, file)
    await breathe()
  }
  const sources: { sourcePath: string; stat: FileStat }[] = []
  for (const { path: names } of built.layout.files) {
    let node: SourceTree | undefined = tree
    for (const name of names) node = node?.kind === 'folder' ? node.entries.get(name) : undefined
    const source = node && byNode.get(node)
    if (source == null) throw new CodedError('internal', 'A file of the new share has no source')
    sources.push({ sourcePath: source.path, stat: source.stat })
    await breathe()
  }
  return sources
}

function nameOf(named: readonly Named[]): string {
  const [first, ...others] = named
  const name = first?.name === '' || first == null ? 'Disk' : first.name
  return others.length === 0 ? name : `${name} and ${others.length} more`
}

function nameOfPath(file: string): string {
  return path.basename(file)
}

/** What stood in the way of a share that would do without it (`skipUnreadable`); undefined of any other failure. */
export function unreadableIn(error: unknown): readonly LeftOut[] | undefined {
  return error instanceof CodedError && error.cause instanceof Unreadable ? error.cause.files : undefined
}

class Unreadable {
  readonly files: readonly LeftOut[]
  constructor(files: readonly LeftOut[]) {
    this.files = files
  }
}

function unreadableError(unreadable: readonly LeftOut[], mayBeLeftOut = false): CodedError {
  const shown = unreadable.slice(0, MAX_LISTED).map(it => `${it.path} (${it.reason})`)
  if (unreadable.length > MAX_LISTED) shown.push(`and ${unreadable.length - MAX_LISTED} more`)
  return new CodedError(
    'unreadable',
    `Cannot read ${shown.join(', ')}. Make it readable, or share without it (--skip-unreadable)`,
    mayBeLeftOut ? { cause: new Unreadable([...unreadable]) } : {}
  )
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new CodedError('cancelled', 'Cancelled', { cause: signal.reason })
}

function reasonOf(error: unknown): string {
  return errnoReason(error instanceof Error && 'code' in error ? String(error.code) : String(error))
}
