// For tests: a download of a sample into a folder of its own, fed from the sample's files.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { rootText } from '../cid.ts'
import type { DiskNames } from '../store/disk-names.ts'
import type { Download } from '../store/download.ts'
import type { OriginMarks } from '../store/origin-marks.ts'
import { openDownload } from '../store/open-download.ts'
import { leafOf, scratch, writeSample, type Sample } from './sample-share.ts'
import { openStore, type Shareable, type Store } from '../store/store.ts'
import { cleanup } from './cleanup.ts'

export const never = new AbortController().signal

export interface Bench {
  readonly dir: string
  readonly directory: string
  readonly dbFile: string
  readonly store: Store
  readonly indexed: Shareable
}

/** A store that knows the sample's skeleton, and an empty folder to receive into. */
export function bench(t: TestContext, sample: Sample, name = 'things'): Bench {
  const dir = scratch(t)
  const indexed = writeSample(path.join(dir, 'source'), name, sample)
  const directory = path.join(dir, 'received')
  mkdirSync(directory)
  const dbFile = path.join(dir, 'shoal.db')
  const store = openStore(dbFile)
  cleanup(t).defer(() => store[Symbol.dispose]())
  learn(store, indexed)
  return { dir, directory, dbFile, store, indexed }
}

export function learn(store: Store, indexed: Shareable): void {
  const root = rootText(indexed.built.root)
  let at = store.skeletonBytes(root)
  if (at > 0) return
  for (const piece of indexed.built.skeleton) {
    store.appendSkeleton(root, at, piece)
    at += piece.length
  }
}

export async function open(
  it: Bench,
  more: { selection?: number[]; name?: string; store?: Store; names?: DiskNames; marks?: OriginMarks } = {}
): Promise<Download> {
  const { store = it.store, ...options } = more
  const { layout } = it.indexed.built
  const basics = { layout, name: it.indexed.name, directory: it.directory, reserveBytes: 0 }
  return openDownload(store, { ...basics, ...options }, never)
}

/** Writes leaves as if a peer had sent them. */
export async function feed(
  it: Bench,
  download: Download,
  ordinals: Iterable<number> = wantedOf(download)
): Promise<void> {
  for (const ordinal of ordinals) await download.writeLeaf([ordinal], leafOf(it.indexed, ordinal))
}

export function wantedOf(download: Download): number[] {
  const all = Array.from({ length: download.leafCount }, (_, i) => i)
  return all.filter(i => download.wanted.has(i) && !download.have.has(i))
}
