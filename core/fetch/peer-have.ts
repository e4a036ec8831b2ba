// What one peer says it holds, less what it is no longer asked for, and its share in the count of copies.

import { Bitset, nextIn } from '../bitset.ts'
import type { LeafTable } from './leaf-table.ts'
import { type HaveBitsChange, type HaveChange, PendingHave } from './pending-have.ts'
import { MAX_HAVE_WORK, MAX_RETRY_MS, MAX_UNREAD, UNREAD_RETRY_MS } from './limits.ts'

/** A position that the peer says it has and could not read. */
interface Unread {
  readonly tries: number
  readonly until: number
  isResting: boolean
  isOffered: boolean // whether it says it has it, while it rests
}

export class PeerHave {
  readonly #table: LeafTable
  readonly #refused: Set<number>
  readonly #maxWork: number
  readonly #unread = new Map<number, Unread>() // by ordinal
  #bits: Bitset | undefined // undefined: all, or nothing said yet
  #known = false
  #fromFull = false // counted by what it lacks; else by what it has
  #work = 0 // steps since `settle`, beyond the length of what was said
  #later: PendingHave | undefined // said, and too dear to be looked at now

  /** `refused`: leaves (duplicates.first) it is never asked for, whatever it says; added to by `refuse`. `maxWork`: steps. */
  constructor(table: LeafTable, refused: Set<number>, maxWork = MAX_HAVE_WORK) {
    this.#maxWork = maxWork
    this.#table = table
    this.#refused = refused
  }

  /** It said anything at all. */
  get known(): boolean {
    return this.#known
  }

  /** Undefined: every leaf (when `known`). */
  get bits(): Bitset | undefined {
    return this.#bits
  }

  has(ordinal: number): boolean {
    return this.#known && (this.#bits == null || this.#bits.has(ordinal))
  }

  /** The first missing ordinal it can be asked for in [from, to); `to` when there is none. */
  next(from: number, to: number): number {
    return this.#known ? nextIn(this.#table.missing, this.#bits, from, to) : to
  }

  /** It says so now. When it has cost too much since the last `settle`, the next one takes it in. */
  say(change: HaveChange): void {
    if (this.#later == null && this.#work < this.#maxWork) return this.apply(change)
    this.#later ??= this.#saidSoFar()
    this.#later.apply(change, this.#table.plan.leafCount)
  }

  /** Something it said was not looked at yet: `has` may be out of date. */
  get isBehind(): boolean {
    return this.#later != null
  }

  /** Takes in what waits; true when there was any. */
  settle(): boolean {
    this.#work = 0
    const change = this.#later?.take()
    this.#later = undefined
    if (change != null) this.apply(change)
    return change != null
  }

  apply(change: HaveChange): void {
    if (change.kind === 'full' || change.kind === 'none') this.#replace(change.kind)
    else this.#merge(change)
  }

  #replace(kind: 'full' | 'none'): void {
    const isSame = kind === 'full' ? this.#bits == null : this.#bits?.count === 0
    if (this.#known && isSame && this.#unread.size === 0) return
    this.forget()
    this.#known = true
    this.#fromFull = kind === 'full'
    this.#work += Math.ceil(this.#table.plan.leafCount / 32)
    if (kind === 'none') this.#bits = new Bitset(this.#table.plan.leafCount)
    else for (const leaf of this.#refused) this.#dropAll(leaf)
    for (const [ordinal, it] of this.#unread) {
      if (!it.isResting) continue
      it.isOffered = kind === 'full'
      this.drop(ordinal)
    }
  }

  /** It does not have this leaf after all, at this position; a later Have may say otherwise. */
  drop(ordinal: number): void {
    if (this.has(ordinal)) this.#write(ordinal, false)
  }

  /**
   * It could not read the leaf at this position, which is not asked for until a pause is over that grows with every try. False when
   * there are too many of those: then none rests.
   */
  rest(ordinal: number, retryMs: number, now: number): boolean {
    const tries = (this.#unread.get(ordinal)?.tries ?? 0) + 1
    if (tries === 1 && this.#unread.size >= MAX_UNREAD) {
      this.wake(Infinity)
      this.#unread.clear()
      return false
    }
    const pauseMs = Math.min(MAX_RETRY_MS, Math.max(retryMs, UNREAD_RETRY_MS * 2 ** (tries - 1)))
    this.#unread.set(ordinal, { tries, until: now + pauseMs, isResting: true, isOffered: this.has(ordinal) })
    this.drop(ordinal)
    return true
  }

  /** What has rested long enough may be asked for again; true when there is any. */
  wake(now: number): boolean {
    let some = false
    for (const [ordinal, it] of this.#unread) {
      if (!it.isResting || it.until > now) continue
      it.isResting = false
      if (!it.isOffered || this.#refused.has(this.#table.duplicates.first(ordinal))) continue
      this.#write(ordinal, true)
      some = true
    }
    return some
  }

  /** Whether it could not read this one before. */
  isUnread(ordinal: number): boolean {
    return this.#unread.has(ordinal)
  }

  /** It could read it after all. */
  wasRead(ordinal: number): void {
    if (this.#unread.get(ordinal)?.isResting === false) this.#unread.delete(ordinal)
  }

  /** It is not asked for this leaf again, at no position, whatever it says later. */
  refuse(leaf: number): void {
    this.#refused.add(leaf)
    this.#dropAll(leaf)
  }

  /** Takes its copies out of the count. */
  forget(): void {
    this.#later = undefined
    if (this.#known && this.#bits != null && (this.#fromFull || this.#bits.count > 0)) {
      this.#work += this.#table.plan.extents.length
      for (let x = 0; x < this.#table.plan.extents.length - 1; x++) {
        if (this.#hasAnyOf(x) === !this.#fromFull) this.#table.availability.add(x, this.#fromFull ? 1 : -1)
      }
    }
    this.#known = false
    this.#fromFull = false
    this.#bits = undefined
    for (const it of this.#unread.values()) it.isOffered = false
  }

  #dropAll(leaf: number): void {
    for (let at = leaf; at !== -1; at = this.#table.duplicates.next(at), this.#work++) this.drop(at)
  }

  #merge({ kind, start, bits: bytes }: HaveBitsChange): void {
    if (kind === 'set' && this.#known && this.#bits == null) return
    if (!this.#known) this.#replace('none')
    const own = this.#materialize()
    let extent = -1 // the one being written to: looked at once before and once after
    let had = false
    for (let i = 0; i < bytes.length; i++) {
      const was = own.bytes[start / 8 + i] ?? 0
      const said = bytes[i]!
      const is = kind === 'bits' ? said : kind === 'set' ? was | said : was & ~said
      for (let changed = was ^ is; changed !== 0; changed &= changed - 1) {
        const bit = 31 - Math.clz32(changed & -changed)
        const ordinal = start + i * 8 + bit
        const has = ((is >>> bit) & 1) === 1
        if (ordinal >= own.size || (has && this.#isHeldBack(ordinal))) continue
        const here = this.#table.extentOf(ordinal)
        if (here !== extent) {
          this.#recount(extent, had)
          extent = here
          had = this.#hasAnyOf(here)
        }
        if (has) own.add(ordinal)
        else own.delete(ordinal)
      }
    }
    this.#recount(extent, had)
    for (const [ordinal, it] of this.#unread) {
      const byte = bytes[(ordinal >>> 3) - start / 8]
      if (!it.isResting || byte == null) continue
      const said = ((byte >>> (ordinal & 7)) & 1) === 1
      if (kind === 'bits' || said) it.isOffered = said && kind !== 'unset'
    }
  }

  /** Whether it is not to be asked for this one, though it says that it has it. */
  #isHeldBack(ordinal: number): boolean {
    if (this.#refused.size > 0 && this.#refused.has(this.#table.duplicates.first(ordinal))) return true
    return this.#unread.get(ordinal)?.isResting === true
  }

  /** Counts it in or out as somebody who has something of this extent; -1: none was looked at. */
  #recount(extent: number, had: boolean): void {
    if (extent === -1) return
    const has = this.#hasAnyOf(extent)
    if (has !== had) this.#table.availability.add(extent, has ? 1 : -1)
    const { extents } = this.#table.plan
    this.#work += (extents[extent + 1]! - extents[extent]!) >>> 5
  }

  /** Everything it said, to which more is said. */
  #saidSoFar(): PendingHave {
    if (!this.#known) return new PendingHave()
    const bits = new Bitset(this.#table.plan.leafCount, this.#materialize().bytes)
    for (const [ordinal, it] of this.#unread) if (it.isResting && it.isOffered) bits.add(ordinal)
    return new PendingHave(bits.bytes)
  }

  #write(ordinal: number, has: boolean): void {
    const own = this.#materialize()
    const extent = this.#table.extentOf(ordinal)
    const before = has && this.#hasAnyOf(extent)
    if (has) own.add(ordinal)
    else own.delete(ordinal)
    if (has && !before) this.#table.availability.add(extent, 1)
    if (!has && !this.#hasAnyOf(extent)) this.#table.availability.add(extent, -1)
  }

  #materialize(): Bitset {
    if (this.#bits != null) return this.#bits
    this.#bits = new Bitset(this.#table.plan.leafCount)
    this.#bits.fill()
    return this.#bits
  }

  #hasAnyOf(extent: number): boolean {
    const { extents } = this.#table.plan
    const end = extents[extent + 1]!
    return this.#bits == null || nextIn(this.#bits, undefined, extents[extent]!, end) < end
  }
}
