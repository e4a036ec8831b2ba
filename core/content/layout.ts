// What a root holds and where each leaf belongs: leaves are numbered by position in the expanded depth-first order.
// Compact: 40 bytes a leaf (digest and offset), one small row per file; paths are put together when asked for.

import type { CID } from 'multiformats/cid'
import { CodedError } from '../errors.ts'
import { EXTENT_BYTES, MAX_BLOCK_BYTES } from './limits.ts'

/** A file: the leaves [start, end), `sizeBytes` long together. */
export interface LayoutFile {
  /** Names below the root, as stored; [] when the root itself is the file. Made on every access: take it once. */
  readonly path: readonly string[]
  readonly start: number
  readonly end: number
  readonly sizeBytes: number
}

/** A symlink as stored; whether its target may be followed is the writer's decision. */
export interface LayoutSymlink {
  readonly path: readonly string[]
  readonly target: string
}

/**
 * The expanded tree of one root. Lengths are claims until the leaf was seen: the digests are verified, the sizes are what the
 * nodes say, and they add up.
 */
export interface Layout {
  readonly root: CID
  readonly kind: 'file' | 'folder'
  /** In expanded depth-first order, links as stored. */
  readonly files: readonly LayoutFile[]
  /** Every folder below the root, parents first, the empty ones too. */
  readonly folders: readonly (readonly string[])[]
  readonly symlinks: readonly LayoutSymlink[]
  readonly leafCount: number
  readonly sizeBytes: number
  /** Bytes of the skeleton stream; 0 for a raw root. */
  readonly skeletonBytes: number
  /** The leaf's sha2-256 digest: 32 bytes, a view, not to be modified. */
  digest(ordinal: number): Uint8Array
  /** Claimed length of the leaf. */
  leafBytes(ordinal: number): number
  /** Claimed bytes of `count` leaves from `start` together, in constant time. */
  runBytes(start: number, count: number): number
  /** Where the leaf begins in its file, in bytes. */
  leafOffset(ordinal: number): number
  /** Index into `files` of the file this leaf belongs to. */
  fileIndexOf(ordinal: number): number
  /** First ordinal of each extent, and `leafCount` at the end. An extent is consecutive leaves of at most 1 MiB together, or one bigger leaf; it may span files. */
  readonly extents: Uint32Array
}

/** Files, folders and symlinks. */
export function entryCount({ files, folders, symlinks }: Layout): number {
  return files.length + folders.length + symlinks.length
}

/** Everything a layout is made of. `digests` holds 32 bytes a leaf; `starts` the running sum of leaf lengths, one more than leaves. */
export interface LayoutParts {
  root: CID
  kind: 'file' | 'folder'
  files: readonly LayoutFile[]
  folders: readonly (readonly string[])[]
  symlinks: readonly LayoutSymlink[]
  skeletonBytes: number
  digests: Uint8Array
  starts: Float64Array
}

/** Makes the layout; owns `parts` from then on. Files must be in order of `start`. */
export function createLayout(parts: LayoutParts): Layout {
  const { root, kind, files, folders, symlinks, skeletonBytes, digests, starts } = parts
  const leafCount = starts.length - 1
  let extents: Uint32Array | undefined
  const at = (ordinal: number): number => {
    const start = starts[ordinal]
    if (start == null || ordinal >= leafCount) {
      throw new CodedError('internal', `There is no leaf ${ordinal} among ${leafCount}`)
    }
    return start
  }
  const fileIndexOf = (ordinal: number): number => {
    at(ordinal)
    return lastStartingAtOrBefore(files, ordinal)
  }
  return {
    root,
    kind,
    files,
    folders,
    symlinks,
    leafCount,
    sizeBytes: starts[leafCount] ?? 0,
    skeletonBytes,
    digest: ordinal => {
      at(ordinal)
      return digests.subarray(ordinal * 32, ordinal * 32 + 32)
    },
    leafBytes: ordinal => -at(ordinal) + (starts[ordinal + 1] ?? 0),
    runBytes: (start, count) => (count < 1 ? 0 : (starts[start + count] ?? at(start + count)) - at(start)),
    leafOffset: ordinal => at(ordinal) - (starts[files[fileIndexOf(ordinal)]?.start ?? 0] ?? 0),
    fileIndexOf,
    get extents() {
      return (extents ??= extentsOf(starts))
    }
  }
}

/**
 * The layout of a root that is itself a leaf: one leaf, no skeleton. `sizeBytes` is a hint from a link or a peer, to be compared
 * with the leaf when it arrives. Throws `too-large` when no leaf can be that long.
 */
export function rawRootLayout(root: CID, sizeBytes: number): Layout {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > MAX_BLOCK_BYTES) {
    throw new CodedError(
      'too-large',
      `A single block of ${sizeBytes} bytes was announced; at most ${MAX_BLOCK_BYTES} are taken`
    )
  }
  return createLayout({
    root,
    kind: 'file',
    files: [{ path: [], start: 0, end: 1, sizeBytes }],
    folders: [],
    symlinks: [],
    skeletonBytes: 0,
    digests: root.multihash.digest,
    starts: Float64Array.of(0, sizeBytes)
  })
}

/** The last file with start ≤ ordinal; of an empty one and its successor that start together, the successor, which has the leaf. */
function lastStartingAtOrBefore(files: readonly LayoutFile[], ordinal: number): number {
  let low = 0
  let high = files.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((files[middle]?.start ?? Infinity) <= ordinal) low = middle
    else high = middle
  }
  return low
}

function extentsOf(starts: Float64Array): Uint32Array {
  const leafCount = starts.length - 1
  const firsts = new Uint32Array(leafCount + 1)
  let count = 0
  let first = 0
  for (let ordinal = 1; ordinal < leafCount; ordinal++) {
    if ((starts[ordinal + 1] ?? 0) - (starts[first] ?? 0) <= EXTENT_BYTES) continue
    firsts[count++] = first
    first = ordinal
  }
  if (leafCount > 0) firsts[count++] = first
  firsts[count++] = leafCount
  return firsts.slice(0, count)
}
