// Extents by how many peers have them. Only extents with something missing stand in a bucket; every change moves one
// extent in constant time, so that rarest first costs the same with ten extents and with a million.

const OFFSET = 2_048 // counts may be negative: peers that have (nearly) all are not counted, only what they lack

export class Availability {
  readonly #copies: Int16Array
  readonly #place: Int32Array // in its bucket; -1 while closed
  readonly #buckets: (number[] | undefined)[] = []
  #lowest = 0
  #openCount = 0

  constructor(extents: number) {
    this.#copies = new Int16Array(extents)
    this.#place = new Int32Array(extents).fill(-1)
  }

  get openCount(): number {
    return this.#openCount
  }

  /** Only to be compared with that of another extent. */
  copies(extent: number): number {
    return this.#copies[extent]!
  }

  open(extent: number): void {
    if (this.#place[extent] !== -1) return
    this.#openCount++
    this.#enter(extent)
  }

  close(extent: number): void {
    if (this.#place[extent] === -1) return
    this.#openCount--
    this.#leave(extent)
    this.#place[extent] = -1
  }

  add(extent: number, copies: 1 | -1): void {
    const open = this.#place[extent] !== -1
    if (open) this.#leave(extent)
    this.#copies[extent] = this.#copies[extent]! + copies
    if (open) this.#enter(extent)
  }

  /** Buckets of open extents, rarest first, none of them empty. They change with the next call here. */
  *rarestFirst(): Generator<{ copies: number; extents: readonly number[] }> {
    for (let at = this.#lowest; at < this.#buckets.length; at++) {
      const extents = this.#buckets[at]
      if (extents == null || extents.length === 0) continue
      yield { copies: at - OFFSET, extents }
    }
  }

  /** Copies of the rarest open extent; Infinity when none is open. */
  get lowest(): number {
    while (this.#lowest < this.#buckets.length && (this.#buckets[this.#lowest]?.length ?? 0) === 0) this.#lowest++
    return this.#lowest < this.#buckets.length ? this.#lowest - OFFSET : Infinity
  }

  #enter(extent: number): void {
    const at = this.#copies[extent]! + OFFSET
    const bucket = (this.#buckets[at] ??= [])
    this.#place[extent] = bucket.length
    bucket.push(extent)
    if (at < this.#lowest) this.#lowest = at
  }

  #leave(extent: number): void {
    const bucket = this.#buckets[this.#copies[extent]! + OFFSET]!
    const place = this.#place[extent]!
    const moved = bucket.pop()!
    if (moved === extent) return
    bucket[place] = moved
    this.#place[moved] = place
  }
}
