// What each computer has of something, as far as others can be sent it: by its index, read from outside.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { Bitset } from '../../core/bitset.ts'
import { FILE } from '../../core/store/share-repo.ts'
import { MAX_OPEN } from '../service/download-queue.ts'
import type { Transfer } from '../contract/shapes.ts'
import { type Computer, DATA } from './computer.ts'
import type { Content } from './content.ts'

/** States in which a download goes on and its parts are served. */
const SERVING: ReadonlySet<Transfer['state']> = new Set(['queued', 'finding', 'fetching', 'waiting', 'verifying'])

/** Of one moment: what is asked twice is looked up once. */
export class WhoHas {
  readonly #computers: readonly Computer[]
  readonly #rows = new Map<Computer, readonly Transfer[]>()
  readonly #held = new Map<string, Bitset>()

  private constructor(computers: readonly Computer[]) {
    this.#computers = computers
  }

  static async now(computers: readonly Computer[]): Promise<WhoHas> {
    const it = new WhoHas(computers)
    for (const computer of computers) it.#rows.set(computer, await computer.transfers())
    return it
  }

  transfers(computer: Computer): readonly Transfer[] {
    return this.#rows.get(computer) ?? []
  }

  /** Everything that this download still misses is with others that are on, together. */
  canComplete(row: Transfer, computer: Computer, content: Content): boolean {
    const others = this.#computers.filter(it => it !== computer && it.isOn).map(it => this.#heldBy(it, content))
    const own = this.#received(computer, content) // what it shares itself since it began is not looked for
    const { layout } = content
    for (const idx of chosenFiles(row, computer) ?? layout.files.keys()) {
      const { start, end } = layout.files[idx]!
      for (let at = start; at < end; at++)
        if (layout.leafBytes(at) > 0 && !own.has(at) && !others.some(it => it.has(at))) return false
    }
    return others.some(it => it.count > 0)
  }

  #heldBy(computer: Computer, content: Content): Bitset {
    const key = `${computer.name} ${content.root}`
    let held = this.#held.get(key)
    if (held == null) this.#held.set(key, (held = this.#look(computer, content)))
    return held
  }

  #look(computer: Computer, content: Content): Bitset {
    const held = this.#received(computer, content)
    const files = computer.databases.find(`${DATA}/shoal.db`)?.prepare(
      `SELECT first, first + leaves AS past FROM file JOIN copy ON copy.id = copy_id
         JOIN share ON share.root_id = copy.root_id JOIN root ON root.id = share.root_id
         WHERE cid = ? AND file.state = ${FILE.clean} AND share.state IN ('ready', 'changed')`
    )
    for (const { first, past } of files?.all(content.root) ?? []) held.addRange(Number(first), Number(past))
    return held
  }

  /** Of a download that goes on. */
  #received(computer: Computer, { root, layout }: Content): Bitset {
    const held = new Bitset(layout.leafCount)
    const db = computer.databases.find(`${DATA}/shoal.db`)
    const going = this.transfers(computer).filter(it => SERVING.has(it.state))
    if (db == null || going.length > MAX_OPEN || !going.some(it => it.root === root)) return held
    const downloads = db.prepare('SELECT download.id FROM download JOIN root ON root.id = root_id WHERE cid = ?')
    for (const { id } of downloads.all(root)) {
      const durable = durableBits(db, id!, layout.leafCount)
      for (let at = durable.nextSet(0); at < durable.size; at = durable.nextSet(at + 1)) held.add(at)
    }
    return held
  }
}

/** Undefined: everything. */
function chosenFiles({ root }: Transfer, { databases }: Computer): readonly number[] | undefined {
  const rows = databases
    .find(`${DATA}/shoal.db`)
    ?.prepare('SELECT selection FROM transfer JOIN root ON root.id = root_id WHERE cid = ?')
    .all(root)
  const selection = rows?.[0]?.['selection']
  return typeof selection === 'string' ? (JSON.parse(selection) as number[]) : undefined // written by the program
}

/** As the index of a computer has them. */
export function durableBits(db: DatabaseSync, id: SQLInputValue, leafCount: number): Bitset {
  const bytes = new Uint8Array(Math.ceil(leafCount / 8))
  for (const { chunk, bits } of db.prepare('SELECT chunk, bits FROM durable WHERE download_id = ?').all(id))
    bytes.set((bits as Uint8Array).subarray(0, bytes.length), Number(chunk) * 4096) // a blob
  return new Bitset(leafCount, bytes)
}
