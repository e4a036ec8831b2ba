// What must hold in a simulated world at any moment: final names, places, durable bits. Who is refused, and how transfers end, is looked at where it is told.
import { Bitset } from '../../core/bitset.ts'
import type { Layout } from '../../core/content/layout.ts'
import { NAME_RULES } from '../../core/files/safe-name.ts'
import { placeInside } from '../../core/files/safe-path.ts'
import type { Disk, Inode } from '../../core/simulation/disk.ts'
import { type Computer, DATA, DOWNLOADS } from './computer.ts'
import { type Content, digestOf } from './content.ts'
import { durableBits } from './who-has.ts'
import type { World } from './world.ts'

const PART = /\.part(\/|$)/

export class Watch {
  readonly #world: World
  readonly #contents: readonly Content[]
  readonly #right = new Set<string>()
  readonly #named = new Map<Computer, Set<string>>()
  readonly #seen = new Map<string, Bitset>() // durable bits that were looked at, by computer and download

  constructor(world: World, contents: readonly Content[]) {
    this.#world = world
    this.#contents = contents
    for (const content of contents) for (const bytes of content.files.values()) this.#right.add(digestOf(bytes))
    for (const computer of world.computers) {
      computer.disk.onNamed = (folder, name) => this.#onNamed(computer, `${pathOf(folder)}/${name}`)
      computer.databases.onDurable = () => this.#lookAtBits(computer)
    }
  }

  /** After every event. */
  look(): void {
    for (const [computer, paths] of this.#named) for (const path of paths) this.#lookAt(computer, path)
    this.#named.clear()
  }

  /** Everything that has a final name, on every disk, and what is the users' own. */
  lookAtAll(): void {
    for (const computer of this.#world.computers) {
      this.#lookAt(computer, DOWNLOADS)
      for (const [inode, bytes] of computer.own)
        if (inode.links === 0 || Buffer.compare(contentOf(inode), bytes) !== 0)
          this.#world.break(`${computer.name}: a file of its user is not as it was: ${inode.name}`)
    }
  }

  /** After a power cut: what was durable is there. */
  lookAfterCut(computer: Computer): void {
    for (const key of this.#seen.keys()) if (key.startsWith(`${computer.name} `)) this.#seen.delete(key)
    this.#lookAt(computer, DOWNLOADS)
  }

  #onNamed(computer: Computer, path: string): void {
    if (computer.isPutting) return
    if (!path.startsWith(`${DOWNLOADS}/`) && !path.startsWith(`${DATA}/`) && path !== DOWNLOADS)
      return this.#world.break(`${computer.name} writes outside of where it may: ${path}`)
    if (path.startsWith(DATA)) return
    this.#named.set(computer, (this.#named.get(computer) ?? new Set()).add(path))
  }

  #lookAt(computer: Computer, path: string): void {
    if (PART.test(path)) return
    const inode = find(computer.disk, path)
    if (inode == null) return
    if (inode.kind === 'folder') {
      for (const { name } of inode.entries.values()) this.#lookAt(computer, `${path}/${name}`)
      return
    }
    if (inode.kind !== 'file' || computer.own.has(inode)) return
    const digest = digestOf(contentOf(inode))
    const whose = this.#whose(path)
    const isRight = whose == null ? this.#right.has(digest) : digest === digestOf(whose)
    if (!isRight) this.#world.break(`${computer.name}: ${path} has other bytes than its root says`)
  }

  /** The bytes that a final name stands for, when it can only be one thing. */
  #whose(path: string): Uint8Array | undefined {
    const [top = '', ...below] = path.slice(DOWNLOADS.length + 1).split('/')
    const plain = top.replace(/ \(\d+\)/, '')
    const content = this.#contents.find(it => it.name === plain)
    const inside = below.join('/')
    return content?.has(inside) === true ? content.bytes(inside) : undefined
  }

  /** No bit says durable that a power cut here and now would make untrue. */
  #lookAtBits(computer: Computer): void {
    const db = computer.databases.find(`${DATA}/shoal.db`)
    if (db == null) return
    const rows = db.prepare('SELECT download.id, part, place, cid FROM download JOIN root ON root.id = root_id').all()
    for (const { id, part, place, cid } of rows) {
      const content = this.#contents.find(it => it.root === cid)
      if (content == null || computer.cancelled.has(content.root)) continue
      const key = `${computer.name} ${String(id)}`
      const seen = this.#seen.get(key) ?? new Bitset(content.layout.leafCount)
      const bases = [part, place].filter(it => typeof it === 'string')
      for (const ordinal of newBits(durableBits(db, id!, content.layout.leafCount), seen))
        this.#lookAtLeaf(computer, content, ordinal, bases)
      this.#seen.set(key, seen)
    }
  }

  #lookAtLeaf(computer: Computer, content: Content, ordinal: number, bases: string[]): void {
    const { layout } = content
    const length = layout.leafBytes(ordinal)
    if (length === 0) return
    const path = nameOn(computer.disk, layout, layout.fileIndexOf(ordinal))
    const expected = Buffer.from(content.leaf(ordinal))
    const places = bases.flatMap(base =>
      path.length === 0 ? [base] : [`${base}/${path.join('/')}`, `${base}/${path.join('/')}.part`]
    )
    for (const place of places) {
      const inode = computer.disk.findDurable(place)
      if (inode?.kind !== 'file') continue
      const bytes = Buffer.alloc(length)
      const read = inode.pages.readDurable(bytes, layout.leafOffset(ordinal))
      if (read === length && expected.equals(bytes)) return
    }
    for (const place of places) {
      const [now, durable] = [find(computer.disk, place), computer.disk.findDurable(place)]
      this.#world.note(
        `${place}: ${now == null ? 'not there' : durable == null ? 'its name' : durable === now ? 'its bytes' : 'another file'}`
      )
    }
    this.#world.break(
      `${computer.name}: leaf ${ordinal} of ${content.name} is said to be durable, and a power cut would lose it`
    )
  }
}

/** Where the file stands there, below its root. */
function nameOn({ rules }: Disk, layout: Layout, idx: number): readonly string[] {
  const { files } = rules.fold || rules.normalise ? placeInside(layout, { ...NAME_RULES.linux, folds: true }) : layout
  return files[idx]!.path
}

/** Those that were not seen yet; `seen` has the same from then on. */
function newBits(bits: Bitset, seen: Bitset): number[] {
  const found: number[] = []
  for (let i = seen.nextSet(0); i < seen.size; i = seen.nextSet(i + 1)) if (!bits.has(i)) seen.delete(i)
  for (let i = bits.nextSet(0); i < bits.size; i = bits.nextSet(i + 1)) {
    if (!seen.has(i)) found.push(i)
    seen.add(i)
  }
  return found
}

export function find(disk: Disk, path: string): Inode | undefined {
  let at: Inode | undefined = disk.root
  for (const name of path.split('/').filter(part => part !== '')) at = at && disk.find(at, name)
  return at
}

export function contentOf(inode: Inode): Uint8Array {
  const bytes = new Uint8Array(inode.pages.sizeBytes)
  inode.pages.read(bytes, 0)
  return bytes
}

function pathOf(folder: Inode): string {
  const names: string[] = []
  for (let at: Inode | undefined = folder; at?.parent != null; at = at.parent) names.unshift(at.name)
  return names.length === 0 ? '' : `/${names.join('/')}`
}
