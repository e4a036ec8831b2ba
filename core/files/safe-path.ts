// Where the entries that a stranger named may be written, decided for a whole tree at once: two names that are one name to
// the file system must not meet, and no path may lead through a symlink. Pure; joining and writing is the caller's.

import { atOnce, type Steps } from '../turns.ts'
import { type NameKind, type NameRules, numberedName, numberedParts, placeName, twinKey } from './safe-name.ts'

const PIECE_ENTRIES = 2_048 // some 10 ms

/** Counts entries of a tree, whatever folders they are in; true: a piece of work is over. */
function pieces(): () => boolean {
  let entries = 0
  return () => ++entries % PIECE_ENTRIES === 0
}

/** Names below the destination, safe to be joined to it; `renamedFrom` is the original path when any of them differs. */
export interface Placed {
  readonly path: readonly string[]
  readonly renamedFrom?: string
}

/** What is to be placed: a `Layout`, or anything of its shape. */
export interface UnplacedTree {
  readonly files: readonly { readonly path: readonly string[] }[]
  readonly folders: readonly (readonly string[])[]
  readonly symlinks: readonly { readonly path: readonly string[] }[]
}

/** Parallel to the tree that was placed. No two entries share a place, save a folder that was listed twice. */
export interface PlacedTree {
  readonly files: readonly Placed[]
  readonly folders: readonly Placed[]
  readonly symlinks: readonly Placed[]
}

interface Folder {
  readonly placed: Placed
  readonly folders: Map<string, Child & { readonly inside: Children }>
  readonly leaves: Child[]
}
type Children = Omit<Folder, 'placed'>
interface Child {
  readonly name: string
  readonly place: (placed: Placed) => void
}

/**
 * Places every entry of a tree. The same tree gives the same places on every run; names that need no change keep theirs, and of
 * twins the first folder, else the first file, else the first symlink. What was placed is placed again unchanged.
 * Throws `unsafe-name` for what would escape or is refused everywhere.
 */
export const placeInside = (tree: UnplacedTree, rules: NameRules): PlacedTree => atOnce(placing(tree, rules))

/** `placeInside`, yielding after some two thousand entries. */
export function* placing(tree: UnplacedTree, rules: NameRules): Steps<PlacedTree> {
  const isPieceFull = pieces()
  const files: Placed[] = []
  const folders: Placed[] = []
  const symlinks: Placed[] = []
  const top: Children = { folders: new Map(), leaves: [] }

  const listed: { at: number; of: Children }[] = []
  const placedFolders = new Map<Children, Placed>()
  const folderAt = (path: readonly string[], length: number): Children => {
    let at = top
    for (let depth = 0; depth < length; depth++) {
      const name = path[depth] ?? ''
      let child = at.folders.get(name)
      if (child == null) {
        const inside: Children = { folders: new Map(), leaves: [] }
        child = { name, inside, place: placed => void placedFolders.set(inside, placed) }
        at.folders.set(name, child)
      }
      at = child.inside
    }
    return at
  }
  const addLeaf = (path: readonly string[], place: (placed: Placed) => void): void => {
    if (path.length === 0) place({ path })
    else folderAt(path, path.length - 1).leaves.push({ name: path.at(-1) ?? '', place })
  }

  for (const [at, path] of tree.folders.entries()) {
    listed.push({ at, of: folderAt(path, path.length) })
    if (isPieceFull()) yield
  }
  for (const [at, file] of tree.files.entries()) {
    addLeaf(file.path, placed => void (files[at] = placed))
    if (isPieceFull()) yield
  }
  for (const [at, symlink] of tree.symlinks.entries()) {
    addLeaf(symlink.path, placed => void (symlinks[at] = placed))
    if (isPieceFull()) yield
  }

  const root: Placed = { path: [] }
  placedFolders.set(top, root)
  const open: Folder[] = [{ placed: root, ...top }]
  for (let folder = open.pop(); folder != null; folder = open.pop()) {
    yield* placeChildren(folder, rules, isPieceFull)
    if (isPieceFull()) yield
    for (const { inside } of folder.folders.values()) {
      open.push({ placed: placedFolders.get(inside) ?? root, ...inside })
    }
  }
  for (const { at, of } of listed) folders[at] = placedFolders.get(of) ?? root
  return { files, folders, symlinks }
}

/**
 * True when a symlink at `path` (names below the root, all of them folders but the last) cannot lead out of the root: relative,
 * and going up only at its beginning, where what it goes up through are folders and not other symlinks.
 */
export function staysInside(path: readonly string[], target: string): boolean {
  if (target === '' || /^[/\\]|^[A-Za-z]:|\0/.test(target)) return false
  let depth = path.length - 1
  let isDown = false
  for (const part of target.split(/[/\\]/)) {
    if (part === '' || part === '.') continue
    if (part !== '..') isDown = true
    else if (isDown || --depth < 0) return false
  }
  return true
}

/** First every name that can stay as it is, in order; then the others, numbered when their place is taken. */
function* placeChildren(folder: Folder, rules: NameRules, isPieceFull: () => boolean): Steps<void> {
  const taken = new Set<string>()
  const nextNumbers = new Map<string, number>()
  const late: { child: Child; name: string; kind: NameKind }[] = []
  const claim = (name: string): boolean => {
    const key = twinKey(name, rules)
    return !taken.has(key) && taken.add(key).size > 0
  }

  const settle = (child: Child, kind: NameKind): void => {
    const name = placeName(child.name, kind, rules)
    if (name === child.name && claim(name)) child.place(below(folder.placed, child.name, name))
    else late.push({ child, name, kind })
  }
  for (const child of folder.folders.values()) {
    settle(child, 'folder')
    if (isPieceFull()) yield
  }
  for (const child of folder.leaves) {
    settle(child, 'file')
    if (isPieceFull()) yield
  }

  for (const { child, name, kind } of late) {
    if (isPieceFull()) yield
    let free = name
    if (!claim(free)) {
      const parts = twinKey(numberedParts(name, kind).join('/'), rules)
      let n = nextNumbers.get(parts) ?? 2
      while (!claim((free = numberedName(name, kind, n++)))) continue
      nextNumbers.set(parts, n)
    }
    child.place(below(folder.placed, child.name, free))
  }
}

function below(parent: Placed, original: string, name: string): Placed {
  const path = [...parent.path, name]
  if (parent.renamedFrom == null && name === original) return { path }
  return { path, renamedFrom: [...(parent.renamedFrom?.split('/') ?? parent.path), original].join('/') }
}
