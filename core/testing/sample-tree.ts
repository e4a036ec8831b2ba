// Random trees for tests, and what ipfs-unixfs-importer and @ipld/dag-pb make of them: the oracle for build and reader.

import { decode } from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core/memory'
import fc from 'fast-check'
import { UnixFS } from 'ipfs-unixfs'
import type { ImportCandidate, ImporterOptions } from 'ipfs-unixfs-importer'
import { importer } from 'ipfs-unixfs-importer'
import type { CID } from 'multiformats/cid'
import { DAG_PB } from '../cid.ts'
import type { SourceTree } from '../content/build.ts'
import type { Layout } from '../content/layout.ts'
import { file, folder } from './sample-content.ts'

export type Sample = { content: Buffer } | { link: string } | Map<string, Sample>

const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.constantFrom('a', 'A', 'é', 'e\u0301', '\ufeffx', '😀', '\uffff')
  )
  .filter(text => !/[/\\\0]/.test(text) && text !== '.' && text !== '..')
const content = fc.uint8Array({ maxLength: 40 }).map(bytes => ({ content: Buffer.from(bytes) }))
const link = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter(text => !text.includes('\0'))
  .map(text => ({ link: text }))
const { entry } = fc.letrec<{ entry: Sample; entries: Sample }>(tie => ({
  entry: fc.oneof({ maxDepth: 4 }, { arbitrary: content, weight: 3 }, link, { arbitrary: tie('entries'), weight: 3 }),
  entries: fc.array(fc.tuple(name, tie('entry')), { maxLength: 6 }).map(entries => new Map(entries))
}))

/** A small folder, or now and then a file. */
export const sampleTree: fc.Arbitrary<Sample> = fc.oneof(
  { arbitrary: content, weight: 1 },
  { arbitrary: fc.array(fc.tuple(name, entry), { maxLength: 8 }).map(entries => new Map(entries)), weight: 6 }
)

export function sourceOf(sample: Sample): SourceTree {
  if (sample instanceof Map) return folder([...sample].map(([key, value]) => [key, sourceOf(value)]))
  return 'link' in sample ? { kind: 'symlink', target: sample.link } : file(sample.content)
}

function* candidatesOf(sample: Sample, path: string): Generator<ImportCandidate> {
  if (!(sample instanceof Map)) {
    yield 'link' in sample
      ? ({ path, link: sample.link } as ImportCandidate) // its types know no symlinks, its code does
      : { path, content: sample.content }
  } else if (sample.size === 0) yield { path }
  else for (const [key, value] of sample) yield* candidatesOf(value, `${path}/${key}`)
}

/** dag-pb blocks by the digest in hexadecimal; leaves are not kept. */
export type Nodes = Map<string, Uint8Array>

class NodeStore extends MemoryBlockstore {
  readonly nodes: Nodes = new Map()
  override put(cid: CID, bytes: Uint8Array): CID {
    if (cid.code === DAG_PB) this.nodes.set(hexOf(cid), bytes)
    return cid
  }
}

export function hexOf(cid: CID): string {
  return Buffer.from(cid.multihash.digest).toString('hex')
}

export async function imported(sample: Sample, options: ImporterOptions): Promise<{ root: CID; nodes: Nodes }> {
  return importCandidates(candidatesOf(sample, 'root'), options)
}

/** Imports what has the path `root` or begins with it. */
export async function importCandidates(
  candidates: Iterable<ImportCandidate>,
  options: ImporterOptions
): Promise<{ root: CID; nodes: Nodes }> {
  const store = new NodeStore()
  for await (const found of importer(candidates, store, options)) {
    if (found.path === 'root') return { root: found.cid, nodes: store.nodes }
  }
  throw new Error('Nothing was imported')
}

/** The skeleton as PROTOCOL.md, "Ordinals", says it, made with @ipld/dag-pb. */
export function skeletonBlocks(root: CID, nodes: Nodes): Uint8Array[] {
  const blocks = new Map<string, Uint8Array>()
  const visit = (cid: CID): void => {
    const block = nodes.get(hexOf(cid))
    if (cid.code !== DAG_PB || block == null || blocks.has(hexOf(cid))) return
    blocks.set(hexOf(cid), block)
    for (const { Hash: hash } of decode(block).Links) visit(hash)
  }
  visit(root)
  return [...blocks.values()]
}

/** What a layout says, to be compared. Leaves as `digest length offset in its file, file`. */
export interface Summary {
  readonly kind: string
  readonly files: unknown[]
  readonly folders: unknown[]
  readonly symlinks: unknown[]
  readonly leaves: string[]
}

export function summaryOf(layout: Layout): Summary {
  return {
    kind: layout.kind,
    files: layout.files.map(({ path, start, end, sizeBytes }) => [path, start, end, sizeBytes]),
    folders: layout.folders.map(path => [...path]),
    symlinks: layout.symlinks.map(({ path, target }) => [path, target]),
    leaves: Array.from({ length: layout.leafCount }, (_, i) =>
      [
        Buffer.from(layout.digest(i)).toString('hex'),
        layout.leafBytes(i),
        layout.leafOffset(i),
        layout.fileIndexOf(i)
      ].join(' ')
    )
  }
}

/** The same, from the blocks, with the decoders of others and no care for size. */
export function expanded(root: CID, nodes: Nodes, rootBytes: number): Summary {
  const summary: Summary = { kind: 'file', files: [], folders: [], symlinks: [], leaves: [] }
  const leavesBelow = (cid: CID, sizeBytes: number, offset: number): void => {
    if (cid.code !== DAG_PB) {
      summary.leaves.push(`${hexOf(cid)} ${sizeBytes} ${offset} ${summary.files.length}`)
      return
    }
    const { Data: data, Links: links } = decode(nodes.get(hexOf(cid)) ?? Buffer.alloc(0))
    const sizes = UnixFS.unmarshal(data ?? Buffer.alloc(0)).blockSizes.map(Number)
    let at = offset
    links.forEach(({ Hash: hash }, i) => {
      leavesBelow(hash, sizes[i] ?? 0, at)
      at += sizes[i] ?? 0
    })
  }
  const entryAt = (cid: CID, path: string[], dagBytes: number): void => {
    const block = nodes.get(hexOf(cid))
    const { Data: data, Links: links } = cid.code === DAG_PB && block ? decode(block) : { Links: [] }
    const unixfs = data == null ? undefined : UnixFS.unmarshal(data)
    if (unixfs?.type === 'symlink') {
      summary.symlinks.push([path, Buffer.from(unixfs.data ?? []).toString()])
    } else if (unixfs?.isDirectory()) {
      if (path.length > 0) summary.folders.push(path)
      entriesOf(unixfs, links, path)
    } else {
      const start = summary.leaves.length
      const sizeBytes = unixfs == null ? dagBytes : Number(unixfs.fileSize())
      leavesBelow(cid, sizeBytes, 0)
      summary.files.push([path, start, summary.leaves.length, sizeBytes])
    }
  }
  const entriesOf = (unixfs: UnixFS, links: ReturnType<typeof decode>['Links'], path: string[]): void => {
    const prefix = unixfs.type === 'directory' ? 0 : (Number(unixfs.fanout) - 1).toString(16).length
    for (const { Hash: hash, Name: named = '', Tsize: dagBytes = 0 } of links) {
      if (named.length > prefix || prefix === 0) entryAt(hash, [...path, named.slice(prefix)], dagBytes)
      else {
        const below = decode(nodes.get(hexOf(hash)) ?? Buffer.alloc(0))
        entriesOf(UnixFS.unmarshal(below.Data ?? Buffer.alloc(0)), below.Links, path)
      }
    }
  }
  entryAt(root, [], rootBytes)
  const [only] = summary.files
  const isFile = Array.isArray(only) && Array.isArray(only[0]) && only[0].length === 0
  return { ...summary, kind: isFile ? 'file' : 'folder' }
}
