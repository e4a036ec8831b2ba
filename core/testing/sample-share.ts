// For tests: real files on disk, hashed and built as sharing does it, without the worker pool.
import { createHash, hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { buildDag, CHUNK_BYTES, type SourceTree } from '../content/build.ts'
import { fileStatOf } from '../files/file-stat.ts'
import type { Shareable } from '../store/store.ts'
import { cleanup } from './cleanup.ts'

/** A folder of its own, removed after the test. In memory where the system has that. */
export function scratch(t: TestContext): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-store-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Bytes that differ in every MiB and for every seed. */
export function sampleBytes(length: number, seed: string | number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0, n = 0; at < length; at += 65_536, n++) {
    createHash('sha512').update(`${seed} ${n}`).digest().copy(bytes, at)
  }
  return bytes
}

/** Content by path: bytes of files; null is an empty folder; a single '' is a lone file. */
export type Sample = Record<string, Uint8Array | null | { target: string }>

/** Writes the sample below `dir/name` and says what sharing it would. */
export function writeSample(dir: string, name: string, sample: Sample): Shareable {
  const top = path.join(dir, name)
  for (const [at, it] of Object.entries(sample)) {
    const file = path.join(top, at)
    if (it == null) mkdirSync(file, { recursive: true })
    else if (it instanceof Uint8Array) {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, it)
    }
  }
  return indexSample(top, sample)
}

/** The same for files that are there already. */
export function indexSample(top: string, sample: Sample): Shareable {
  const built = buildDag(treeOf(sample))
  const files = built.layout.files.map(file => {
    const sourcePath = path.join(top, ...file.path)
    return { sourcePath, stat: fileStatOf(statSync(sourcePath, { bigint: true })) }
  })
  return { built, name: path.basename(top), files, sourcePaths: [top] }
}

/** The bytes of a leaf, read straight from the sample. */
export function leafOf(indexed: Shareable, ordinal: number): Buffer {
  const { layout } = indexed.built
  const whole = readFileSync(indexed.files[layout.fileIndexOf(ordinal)]!.sourcePath)
  return whole.subarray(layout.leafOffset(ordinal), layout.leafOffset(ordinal) + layout.leafBytes(ordinal))
}

function treeOf(sample: Sample): SourceTree {
  const lone = sample['']
  if (lone instanceof Uint8Array) return { kind: 'file', leaves: leavesOf(lone) }
  const top = new Map<string, SourceTree>()
  for (const [at, it] of Object.entries(sample)) {
    const names = at.split('/')
    const last = names.pop()!
    let entries = top
    for (const name of names) {
      const folder = entries.get(name) ?? { kind: 'folder', entries: new Map<string, SourceTree>() }
      entries.set(name, folder)
      if (folder.kind === 'folder') entries = folder.entries
    }
    if (it == null) entries.set(last, { kind: 'folder', entries: new Map() })
    else if (it instanceof Uint8Array) entries.set(last, { kind: 'file', leaves: leavesOf(it) })
    else if (it != null) entries.set(last, { kind: 'symlink', target: it.target })
  }
  return { kind: 'folder', entries: top }
}

function leavesOf(bytes: Uint8Array): { digests: Uint8Array; sizeBytes: number } {
  const digests: Buffer[] = []
  for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
    digests.push(hash('sha256', bytes.subarray(at, at + CHUNK_BYTES), 'buffer'))
  }
  return { digests: Buffer.concat(digests), sizeBytes: bytes.length }
}
