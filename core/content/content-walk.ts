// Walks the DAG of a root depth first, as its blocks are handed in, and expands it. A block that was walked before is counted
// from what is known of it, before anything is copied: a "diamond" of few blocks can stand for more leaves than fit any memory.

import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import { malformed } from './cursor.ts'
import { digestKey } from './dag.ts'
import type { FolderRow, Mark, Stretch } from './expansion.ts'
import { Expansion } from './expansion.ts'
import type { Layout } from './layout.ts'
import {
  MAX_BLOCK_BYTES,
  MAX_FILE_DEPTH,
  MAX_FOLDER_ENTRIES,
  MAX_FREE_REPEATS,
  MAX_HAMT_DEPTH,
  MAX_NODES_AND_LEAVES
} from './limits.ts'
import type { NodeKind, UnixfsNode } from './unixfs-node.ts'
import { parseNode } from './unixfs-node.ts'

const EMPTY_DIGEST = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex') // sha2-256 of no bytes

/** What a block is linked as. `depth`: levels of this file or HAMT, counted from 1 at its top. */
type Place =
  | { as: 'root' }
  | { as: 'entry'; folder: FolderRow; name: string }
  | { as: 'chunk'; depth: number; sizeBytes: number }
  | { as: 'level'; depth: number; fanout: number; folder: FolderRow; names: Set<string> }

/** What is known of a block once everything below it was walked. */
interface Walked extends Stretch {
  readonly kind: NodeKind
  /** Blocks and leaves in its expanded tree, itself included. */
  readonly counted: number
  readonly links: number
  /** Levels of file or HAMT, itself included. */
  readonly height: number
  readonly fanout: number
  readonly sizeBytes: number
  readonly target: string
}

/** A block with links yet to be walked. Entries below it hang from `owner`; `names` are those of its whole folder so far. */
interface Open {
  readonly node: UnixfsNode
  readonly key: string
  readonly place: Place
  readonly depth: number
  readonly owner: FolderRow
  readonly names: Set<string>
  readonly from: Mark
  readonly countedBefore: number
  next: number
  heightBelow: number
}

/** Every limit and refusal of DESIGN.md, "Limits of content", that takes more than one block to see. */
export class ContentWalk {
  readonly #expansion = new Expansion()
  readonly #walked = new Map<string, Walked>()
  readonly #open: Open[] = []
  #expected: { digest: Uint8Array; place: Place } | undefined
  #counted = 0
  #blockBytes = 0
  #repeated = 0
  #declaredBytes = 0
  #kind: 'file' | 'folder' = 'file'

  constructor(rootDigest: Uint8Array) {
    this.#expected = { digest: rootDigest, place: { as: 'root' } }
  }

  /** Digest of the block that comes next; undefined when the walk is over. */
  get expected(): Uint8Array | undefined {
    return this.#expected?.digest
  }

  /** What the root claims to be below it: a file its size, a folder the sum of its links. 0 before the root. */
  get declaredBytes(): number {
    return this.#declaredBytes
  }

  /** Takes the block that was expected, verified, and keeps it. Throws the content's codes of `SkeletonReader.push`; the walk ends there. */
  enter(block: Buffer): void {
    const expected = this.#expected
    if (expected == null) throw new CodedError('internal', 'The walk is over')
    this.#expected = undefined
    const { place, digest } = expected
    const node = parseNode(block)
    this.#blockBytes += block.length
    assertFits(place, {
      kind: node.kind,
      links: node.digestAt.length,
      fanout: node.fanout,
      sizeBytes: node.sizeBytes,
      height: 1
    })
    const countedBefore = this.#counted
    this.#count(1)
    if (place.as === 'root') {
      this.#kind = node.kind === 'file' ? 'file' : 'folder'
      this.#declaredBytes =
        node.kind === 'file' ? node.sizeBytes : node.dagBytes.reduce((sum, bytes) => sum + Math.max(0, bytes), 0)
    }
    this.#open.push({
      node,
      key: digestKey(digest),
      place,
      depth: place.as === 'chunk' || place.as === 'level' ? place.depth : 1,
      owner: this.#ownerBelow(place, node.kind),
      names: place.as === 'level' ? place.names : new Set(),
      from: this.#expansion.mark(),
      countedBefore,
      next: 0,
      heightBelow: 0
    })
    this.#advance()
  }

  /** Once `expected` is undefined. */
  finish(root: CID, skeletonBytes: number): Layout {
    return this.#expansion.finish(root, this.#kind, skeletonBytes)
  }

  #advance(): void {
    while (this.#expected == null) {
      const open = this.#open.at(-1)
      if (open == null) {
        this.#walked.clear() // nothing can come again
        return
      }
      if (open.next < open.node.digestAt.length) this.#follow(open, open.next++)
      else this.#close(open)
    }
  }

  #follow({ node, depth, owner, names }: Open, link: number): void {
    const isLeaf = node.isLeaf[link] ?? false
    if (node.kind === 'file') {
      const sizeBytes = node.blockSizes[link] ?? 0
      if (isLeaf) this.#addLeaf(node, link, sizeBytes)
      else this.#descend(node, link, { as: 'chunk', depth: depth + 1, sizeBytes })
      return
    }
    const name = node.names[link] ?? ''
    if (name === '') {
      if (isLeaf) throw malformed('a divided folder goes on in a file')
      this.#descend(node, link, { as: 'level', depth: depth + 1, fanout: node.fanout, folder: owner, names })
      return
    }
    addName(names, name)
    if (isLeaf) {
      const start = this.#expansion.leafCount
      this.#addLeaf(node, link, node.dagBytes[link] ?? -1)
      this.#expansion.addFile(owner, name, start)
    } else this.#descend(node, link, { as: 'entry', folder: owner, name })
  }

  #addLeaf(node: UnixfsNode, link: number, sizeBytes: number): void {
    const digestAt = node.digestAt[link] ?? 0
    if (sizeBytes < 0)
      throw new CodedError('unsupported-layout', 'The content does not say how long one of its files is')
    if (sizeBytes > MAX_BLOCK_BYTES)
      throw new CodedError('too-large', `The content has a block longer than ${MAX_BLOCK_BYTES} bytes`)
    if ((sizeBytes === 0) !== EMPTY_DIGEST.equals(node.bytes.subarray(digestAt, digestAt + 32)))
      throw malformed('a block cannot have the length it claims')
    this.#count(1)
    this.#expansion.addLeaf(node.bytes, digestAt, sizeBytes)
  }

  /** Goes down a link to a dag-pb block: into it when it is new, else over it. */
  #descend(node: UnixfsNode, link: number, place: Place): void {
    const digestAt = node.digestAt[link] ?? 0
    const digest = node.bytes.subarray(digestAt, digestAt + 32)
    const walked = this.#walked.get(digestKey(digest))
    if (walked == null) this.#expected = { digest, place }
    else this.#repeat(walked, place)
  }

  #repeat(walked: Walked, place: Place): void {
    assertFits(place, walked)
    this.#count(walked.counted)
    this.#countRepeated(walked)
    const expansion = this.#expansion
    if (place.as === 'level') {
      for (const name of expansion.namesIn(walked)) addName(place.names, name)
    }
    const start = expansion.leafCount
    expansion.copy(walked, this.#ownerBelow(place, walked.kind))
    this.#addEntry(place, walked, start)
  }

  #close(open: Open): void {
    const { node, place, owner, from } = open
    this.#open.pop()
    const height = open.heightBelow + 1
    const parent = this.#open.at(-1)
    if (parent != null) raise(parent, place, height)
    this.#walked.set(open.key, {
      kind: node.kind,
      counted: this.#counted - open.countedBefore,
      links: node.digestAt.length,
      height,
      fanout: node.fanout,
      sizeBytes: node.sizeBytes,
      target: node.target,
      owner,
      from,
      to: this.#expansion.mark()
    })
    this.#addEntry(place, node, from.leaves) // after the mark: the entry belongs to the folder, what is below it to the block
  }

  /** The folder that entries below a block hang from: a new one if the block begins one. */
  #ownerBelow(place: Place, kind: NodeKind): FolderRow {
    if (place.as === 'level') return place.folder
    const beginsFolder = place.as === 'entry' && (kind === 'folder' || kind === 'hamt')
    return beginsFolder ? this.#expansion.addFolder(place.folder, place.name) : this.#expansion.rootFolder
  }

  /** Notes the file, of all leaves since `start`, or symlink that ended here, if one did. */
  #addEntry(place: Place, { kind, target }: { kind: NodeKind; target: string }, start: number): void {
    if (place.as === 'root') {
      if (kind === 'file') this.#expansion.addFile(this.#expansion.rootFolder, undefined, start)
    } else if (place.as === 'entry') {
      if (kind === 'file') this.#expansion.addFile(place.folder, place.name, start)
      else if (kind === 'symlink') this.#expansion.addSymlink(place.folder, place.name, target)
    }
  }

  /** Leaves cost 40 bytes each, what has a name ten times that: few blocks may stand for many leaves, and not for as many files. */
  #countRepeated({ from, to }: Stretch): void {
    this.#repeated += to.files - from.files + (to.folders - from.folders) + (to.symlinks - from.symlinks)
    if (this.#repeated > MAX_FREE_REPEATS + this.#blockBytes) {
      throw new CodedError(
        'too-large',
        'The content repeats the same folders so often that the list of files would be too long'
      )
    }
  }

  #count(blocks: number): void {
    this.#counted += blocks
    if (this.#counted > MAX_NODES_AND_LEAVES) {
      throw new CodedError('too-large', `The content has more than ${MAX_NODES_AND_LEAVES} blocks`)
    }
  }
}

function assertFits(place: Place, found: Pick<Walked, 'kind' | 'links' | 'fanout' | 'sizeBytes' | 'height'>): void {
  switch (place.as) {
    case 'entry':
      return
    case 'root':
      if (found.kind === 'symlink')
        throw new CodedError('unsupported-layout', 'The link leads to a symlink and not to a file or folder')
      return
    case 'chunk':
      if (found.kind !== 'file') throw malformed('a file has something else inside')
      if (found.sizeBytes !== place.sizeBytes) throw malformed('sizes do not add up')
      if (place.depth + found.height - 1 > MAX_FILE_DEPTH)
        throw new CodedError('too-large', `A file has more than ${MAX_FILE_DEPTH} levels of blocks`)
      return
    case 'level':
      if (found.kind !== 'hamt' || found.fanout !== place.fanout || found.links === 0)
        throw malformed('a divided folder has something else inside')
      if (place.depth + found.height - 1 > MAX_HAMT_DEPTH)
        throw new CodedError('too-large', `A divided folder has more than ${MAX_HAMT_DEPTH} levels`)
      return
    default:
      place satisfies never
  }
}

/** Only levels of the same file or HAMT make it higher. */
function raise(parent: Open, place: Place, height: number): void {
  if (place.as === 'chunk' || place.as === 'level') parent.heightBelow = Math.max(parent.heightBelow, height)
}

function addName(names: Set<string>, name: string): void {
  if (names.has(name)) throw malformed('a folder has two entries of the same name')
  names.add(name)
  if (names.size > MAX_FOLDER_ENTRIES)
    throw new CodedError('too-large', `The content has a folder with more than ${MAX_FOLDER_ENTRIES} entries`)
}
