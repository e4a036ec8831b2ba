// How big and how deep content may be: the same numbers for sharing and for getting, so that whatever is shared can be fetched.

/** The chunk of the profile unixfs-v1-2025 (IPIP-0499), in bytes. Every leaf of a file but its last is this long. */
export const CHUNK_BYTES = 1_048_576
/** Leaves of one extent together, in bytes, except where one leaf alone is bigger. */
export const EXTENT_BYTES = 1_048_576
/** Longest block, in bytes: what every Bitswap implementation must support (Bitswap spec, "Block Sizes"). */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024
/** dag-pb levels of one file; the leaves below them are not counted. */
export const MAX_FILE_DEPTH = 6
/** HAMT levels of one folder; at fanout 256 each uses one of the eight bytes of the name's hash. */
export const MAX_HAMT_DEPTH = 8
/** Folders inside folders; the root is level 0. */
export const MAX_NESTING = 256
/** One path below the root: UTF-8 bytes of its names and of the separators between them. Also the longest symlink target. */
export const MAX_PATH_BYTES = 4096
/** All paths of one root together: bounds what a table of full paths can grow to. */
export const MAX_ALL_PATHS_BYTES = 1024 * 1024 * 1024
/** Names in all folder paths together: bounds the memory of `Layout.folders`. */
export const MAX_FOLDER_NAMES = 16_000_000
export const MAX_FOLDER_ENTRIES = 1_000_000
/** dag-pb nodes and leaves in the expanded tree: a node that is reached twice counts twice. */
export const MAX_NODES_AND_LEAVES = 4_000_000
/** Files, folders and symlinks that stand in blocks met again: so many for nothing, and one more a byte of the skeleton so far. */
export const MAX_FREE_REPEATS = 200_000
export const MAX_SKELETON_BYTES = 1024 * 1024 * 1024

/** Longest skeleton allowed for content that declares `sizeBytes` at its root. */
export function skeletonLimit(sizeBytes: number): number {
  return Math.min(MAX_SKELETON_BYTES, sizeBytes * 0.02 + 64 * 1024 * 1024)
}
