// A simulated file system: what stands on it now, and what a power cut would leave. Names are durable once their folder is synced, bytes once their file is
// (the least that POSIX promises). It knows no processes: calls are in disk-calls.ts.
import type { Dice } from './dice.ts'
import { FilePages, PAGE_BYTES } from './file-pages.ts'

/** How names are compared and kept. `fold`: regardless of case; `normalise`: what is not in composed form is put into it. */
export interface NameRules {
  readonly fold: boolean
  readonly normalise: boolean
}

export type Kind = 'file' | 'folder' | 'symlink'

export class Inode {
  readonly ino: bigint
  readonly kind: Kind
  readonly pages = new FilePages()
  /** Of a folder, by the key of the name. */
  readonly entries = new Map<string, Entry>()
  /** The same as the disk has it. */
  readonly synced = new Map<string, Entry>()
  target = ''
  mode: number
  links = 0
  mtimeNs = 0n
  ctimeNs = 0n
  /** Of a folder: where it stands. */
  parent: Inode | undefined
  name = ''

  constructor(ino: bigint, kind: Kind, mode: number) {
    this.ino = ino
    this.kind = kind
    this.mode = mode
  }
}

export interface Entry {
  readonly name: string
  readonly inode: Inode
}

/** A name appears or goes; both, in one, when it is another's now. */
interface NameChange {
  readonly folder: Inode
  readonly key: string
  readonly entry: Entry | undefined
}

/** Every call of a program that reaches the disk asks this first. */
export interface DiskFaults {
  /** An errno such as EIO makes it fail; it may cut the machine off. */
  before(call: string, path: string): string | undefined
  /** How long a call that is waited for takes, in ms. */
  delayMs(call: string): number
  /** How many bytes of so many are written at once. */
  shortened(bytes: number): number
}

export const NO_FAULTS: DiskFaults = { before: () => undefined, delayMs: () => 0.05, shortened: bytes => bytes }

export class Disk {
  readonly root: Inode
  readonly rules: NameRules
  faults: DiskFaults = NO_FAULTS
  /** Whether a sync of anything makes every name durable that was given before: on systems that cannot sync folders it does. */
  isJournaled = false
  /** Whether a folder cannot be renamed while a file below it is open, as on Windows. */
  holdsFolders = false
  /** How much may be written in all. */
  capacityBytes: number
  /** Told of every name that is given: for whoever watches over final names. */
  onNamed: (folder: Inode, name: string, inode: Inode) => void = () => {}
  readonly #clockNs: () => bigint
  #nextIno = 2n
  #usedPages = 0
  /** Changes of names that no sync has covered, oldest first; each happens whole. */
  #unsynced: (readonly NameChange[])[] = []

  constructor(options: { capacityBytes: number; rules?: NameRules; clockNs: () => bigint }) {
    this.capacityBytes = options.capacityBytes
    this.rules = options.rules ?? { fold: false, normalise: false }
    this.#clockNs = options.clockNs
    this.root = new Inode(1n, 'folder', 0o755)
    this.root.links = 1
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.#usedPages * PAGE_BYTES)
  }

  keyOf(name: string): string {
    const kept = this.rules.normalise ? name.normalize('NFC') : name
    return this.rules.fold ? kept.toLowerCase() : kept
  }

  find(folder: Inode, name: string): Inode | undefined {
    return folder.entries.get(this.keyOf(name))?.inode
  }

  create(kind: Kind, mode: number): Inode {
    const inode = new Inode(this.#nextIno++, kind, mode)
    this.touch(inode)
    return inode
  }

  touch(inode: Inode): void {
    inode.mtimeNs = this.#clockNs()
    inode.ctimeNs = inode.mtimeNs
  }

  /** Gives and takes names as one change. */
  change(changes: readonly { folder: Inode; name: string; inode: Inode | undefined }[]): void {
    const noted: NameChange[] = []
    for (const { folder, name, inode } of changes) {
      const key = this.keyOf(name)
      const before = folder.entries.get(key)
      if (before != null) this.#unlink(before.inode)
      const entry = inode == null ? undefined : { name: before?.name ?? name, inode }
      if (entry == null) folder.entries.delete(key)
      else folder.entries.set(key, entry)
      if (inode != null) {
        inode.links++
        inode.ctimeNs = this.#clockNs()
        if (inode.kind === 'folder') [inode.parent, inode.name] = [folder, name]
      }
      this.touch(folder)
      noted.push({ folder, key, entry })
    }
    this.#unsynced.push(noted)
    for (const { folder, name, inode } of changes) if (inode != null) this.onNamed(folder, name, inode)
  }

  /** A file was synced. */
  syncedFile(): void {
    if (this.isJournaled) this.#settleAll()
  }

  /** Of names in this folder nothing is lost any more. */
  syncFolder(folder: Inode): void {
    if (this.isJournaled) return this.#settleAll()
    const rest: (readonly NameChange[])[] = []
    for (const changes of this.#unsynced) {
      if (changes.some(it => it.folder === folder)) settle(changes)
      else rest.push(changes)
    }
    this.#unsynced = rest
  }

  /** Bytes that a write adds must fit: false when they do not. */
  takeRoom(inode: Inode, at: number, length: number): boolean {
    const pages = inode.links > 0 ? inode.pages.newPages(at, length) : 0
    if ((this.#usedPages + pages) * PAGE_BYTES > this.capacityBytes) return false
    this.#usedPages += pages
    return true
  }

  truncate(inode: Inode, sizeBytes: number): void {
    const before = inode.pages.pages
    inode.pages.truncate(sizeBytes)
    if (inode.links > 0) this.#usedPages += inode.pages.pages - before
    this.touch(inode)
  }

  /**
   * The power is cut: of what was not synced the dice say what is left. Of names in one folder those that were given first; `isOrdered`: of all names, as a
   * journal keeps them.
   */
  cut(dice: Dice, isOrdered: boolean): void {
    const lost = new Set<Inode>() // folders of which nothing later is left
    const upTo = dice.int(0, this.#unsynced.length)
    this.#unsynced.forEach((changes, i) => {
      const isLost = isOrdered ? i >= upTo : dice.chance(0.3) || changes.some(it => lost.has(it.folder))
      if (!isLost) return settle(changes)
      for (const { folder } of changes) lost.add(folder)
    })
    this.#unsynced = []
    this.#usedPages = 0
    const seen = new Set<Inode>()
    this.#restore(this.root, dice, seen)
  }

  /** Everything is durable: for what stood there before a simulation begins. */
  syncAll(inode = this.root): void {
    this.#settleAll()
    for (const { inode: below } of inode.entries.values()) {
      if (below.kind === 'folder') this.syncAll(below)
      else below.pages.beginSync().done()
    }
  }

  /** The inode that a power cut would leave at this path for certain. */
  findDurable(path: string): Inode | undefined {
    let at: Inode | undefined = this.root
    for (const name of path.split('/').filter(part => part !== '')) at = at?.synced.get(this.keyOf(name))?.inode
    return at
  }

  #settleAll(): void {
    for (const changes of this.#unsynced) settle(changes)
    this.#unsynced = []
  }

  #restore(folder: Inode, dice: Dice, seen: Set<Inode>): void {
    folder.entries.clear()
    for (const [key, entry] of folder.synced) {
      const { inode, name } = entry
      folder.entries.set(key, entry)
      inode.links = seen.has(inode) ? inode.links + 1 : 1
      if (seen.has(inode)) continue
      seen.add(inode)
      if (inode.kind === 'folder') {
        ;[inode.parent, inode.name] = [folder, name]
        this.#restore(inode, dice, seen)
        continue
      }
      const isDirty = inode.pages.isDirty
      inode.pages.cut(dice)
      if (isDirty && dice.chance(0.5)) this.touch(inode)
      this.#usedPages += inode.pages.pages
    }
  }

  #unlink(inode: Inode): void {
    if (--inode.links > 0 || inode.kind !== 'file') return
    this.#usedPages -= inode.pages.pages // its last reader may still have it open: that takes no room here
  }
}

function settle(changes: readonly NameChange[]): void {
  for (const { folder, key, entry } of changes) {
    if (entry == null) folder.synced.delete(key)
    else folder.synced.set(key, entry)
  }
}
