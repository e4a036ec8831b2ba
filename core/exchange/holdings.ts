// What this device holds of each root, from wherever it is held: one servable a root, for as long as anything of it is. Where the bytes
// come from changes below it (a download that is done is a share from then on); whoever serves sees leaves come and go, and in the end that it is withdrawn.
import type { CID } from 'multiformats/cid'
import type { FoundServable, ReadonlyBitset, Servable, ServableChange, Servables, ServeState } from './servable.ts'

export interface HoldingsPorts {
  /** Reads in what `choose` needs, so that it answers at once. */
  load(root: CID): Promise<void>
  /** The best there is of a root now. */
  choose(root: CID): FoundServable
}

export class Holdings implements Servables {
  readonly #ports: HoldingsPorts
  readonly #holdings = new Map<string, Holding>()

  constructor(ports: HoldingsPorts) {
    this.#ports = ports
  }

  async find(root: CID): Promise<FoundServable> {
    await this.#ports.load(root)
    return this.#look(root, true)
  }

  /** There may be something else of a root now. What holds it no more, says so itself: see `Servable.isWithdrawn`. */
  changed(root: CID): void {
    this.#look(root, false)
  }

  #look(root: CID, isWanted: boolean): FoundServable {
    const key = root.toString()
    const chosen = this.#ports.choose(root)
    const source = typeof chosen === 'object' && chosen.isWithdrawn ? undefined : chosen
    let holding = this.#holdings.get(key)
    if (source == null || source === 'not-yet') {
      this.#holdings.delete(key)
      holding?.withdraw()
      return source
    }
    if (holding == null && isWanted) {
      holding = new Holding(source, () => this.changed(root))
      this.#holdings.set(key, holding)
    }
    holding?.use(source)
    return holding
  }
}

class Holding implements Servable {
  readonly #onWithdrawn: () => void
  readonly #listeners = new Set<(change: ServableChange) => void>()
  #source: Servable
  #unwatch: () => void
  isWithdrawn = false

  constructor(source: Servable, onWithdrawn: () => void) {
    this.#onWithdrawn = onWithdrawn
    this.#source = source
    this.#unwatch = this.#watch()
  }

  get root(): CID {
    return this.#source.root
  }
  get name(): string {
    return this.#source.name
  }
  get sizeBytes(): number {
    return this.#source.sizeBytes
  }
  get leafCount(): number {
    return this.#source.leafCount
  }
  get skeletonBytes(): number {
    return this.#source.skeletonBytes
  }
  get state(): ServeState {
    return this.#source.state
  }
  get have(): ReadonlyBitset {
    return this.#source.have
  }

  leafBytes(ordinal: number): number {
    return this.#source.leafBytes(ordinal)
  }

  runBytes(start: number, count: number): number {
    return this.#source.runBytes(start, count)
  }

  readSkeleton(offset: number, maxBytes: number): Uint8Array | undefined {
    return this.#source.readSkeleton(offset, maxBytes)
  }

  /** What one source let go of while it was read, the next one may have. */
  async readLeaf(ordinal: number): Promise<Uint8Array> {
    for (;;) {
      const source = this.#source
      try {
        return await source.readLeaf(ordinal)
      } catch (error) {
        if (this.#source === source || !this.have.has(ordinal)) throw error
      }
    }
  }

  watch(listener: (change: ServableChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From now on this is where the bytes come from. */
  use(source: Servable): void {
    const before = this.#source
    if (source === before || this.isWithdrawn) return
    const { state } = before
    this.#unwatch()
    this.#source = source
    this.#unwatch = this.#watch()
    const isSame = before.have.isFull && source.have.isFull
    const unset = isSame ? undefined : span(before.have.bytes, source.have.bytes)
    const set = isSame ? undefined : span(source.have.bytes, before.have.bytes)
    if (unset != null) this.#tell({ unset })
    if (set != null || source.state !== state) {
      this.#tell({ ...(set != null && { set }), ...(source.state !== state && { state: source.state }) })
    }
  }

  withdraw(): void {
    if (this.isWithdrawn) return
    this.isWithdrawn = true
    this.#unwatch()
    this.#tell({ withdrawn: true })
  }

  #watch(): () => void {
    return this.#source.watch(change => {
      if (change.withdrawn === true) this.#onWithdrawn()
      else this.#tell(change)
    })
  }

  #tell(change: ServableChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

/** From the first to the last ordinal whose byte has something in `a` that `b` has not. */
function span(a: Uint8Array, b: Uint8Array): readonly [number, number] | undefined {
  const isMore = (byte: number, i: number): boolean => (byte & ~(b[i] ?? 0)) !== 0
  const first = a.findIndex(isMore)
  return first === -1 ? undefined : [first * 8, a.findLastIndex(isMore) * 8 + 8]
}
