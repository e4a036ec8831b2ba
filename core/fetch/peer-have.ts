// What one peer says it holds, less what it is no longer asked for, and its share in the count of copies.

import { Bits, nextIn } from './bits.ts'
import type { LeafTable } from './leaf-table.ts'

/** DESIGN 4, Have. `bits` begin at ordinal `start`, a multiple of 8. */
export interface HaveBits {
  kind: 'bits' | 'set' | 'unset'
  start: number
  bits: Uint8Array
}
export type HaveChange = { kind: 'full' } | { kind: 'none' } | HaveBits

export class PeerHave {
  readonly #table: LeafTable
  readonly #refused: Set<number>
  #bits: Bits | undefined // undefined: all, or nothing said yet
  #known = false
  #fromFull = false // counted by what it lacks; else by what it has

  /** `refused`: leaves (twins.first) it is never asked for, whatever it says; added to by `refuse`. */
  constructor(table: LeafTable, refused: Set<number>) {
    this.#table = table
    this.#refused = refused
  }

  /** It said anything at all. */
  get known(): boolean {
    return this.#known
  }

  /** Undefined: every leaf (when `known`). */
  get bits(): Bits | undefined {
    return this.#bits
  }

  has(ordinal: number): boolean {
    return this.#known && (this.#bits === undefined || this.#bits.has(ordinal))
  }

  /** The first missing ordinal it can be asked for in [from, to); `to` when there is none. */
  next(from: number, to: number): number {
    return this.#known ? nextIn(this.#table.missing, this.#bits, from, to) : to
  }

  apply(change: HaveChange): void {
    if (change.kind === 'full' || change.kind === 'none') {
      this.forget()
      this.#known = true
      this.#fromFull = change.kind === 'full'
      if (change.kind === 'none') this.#bits = new Bits(this.#table.plan.leafCount)
    } else this.#merge(change)
    for (const leaf of this.#refused) this.#dropAll(leaf)
  }

  /** It does not have this leaf after all, at this position; a later Have may say otherwise. */
  drop(ordinal: number): void {
    if (this.has(ordinal)) this.#write(ordinal, false)
  }

  /** It is not asked for this leaf again, at no position, whatever it says later. */
  refuse(leaf: number): void {
    this.#refused.add(leaf)
    this.#dropAll(leaf)
  }

  /** Takes its copies out of the count. */
  forget(): void {
    if (this.#known && this.#bits !== undefined) {
      for (let x = 0; x < this.#table.plan.extents.length - 1; x++) {
        if (this.#hasAnyOf(x) === !this.#fromFull) this.#table.rarity.add(x, this.#fromFull ? 1 : -1)
      }
    }
    this.#known = false
    this.#fromFull = false
    this.#bits = undefined
  }

  #dropAll(leaf: number): void {
    for (const ordinal of this.#table.twins.positions(leaf)) this.drop(ordinal)
  }

  #merge({ kind, start, bits: bytes }: HaveBits): void {
    if (kind === 'set' && this.#known && this.#bits === undefined) return
    if (!this.#known) this.apply({ kind: 'none' })
    const own = this.#materialize()
    for (let i = 0; i < bytes.length; i++) {
      const was = own.bytes[start / 8 + i] ?? 0
      const said = bytes[i]!
      const is = kind === 'bits' ? said : kind === 'set' ? was | said : was & ~said
      for (let changed = was ^ is; changed !== 0; changed &= changed - 1) {
        const bit = 31 - Math.clz32(changed & -changed)
        const ordinal = start + i * 8 + bit
        if (ordinal < own.size) this.#write(ordinal, ((is >>> bit) & 1) === 1)
      }
    }
  }

  #write(ordinal: number, has: boolean): void {
    const own = this.#materialize()
    const extent = this.#table.extentOf(ordinal)
    const before = has && this.#hasAnyOf(extent)
    if (has) own.add(ordinal)
    else own.delete(ordinal)
    if (has && !before) this.#table.rarity.add(extent, 1)
    if (!has && !this.#hasAnyOf(extent)) this.#table.rarity.add(extent, -1)
  }

  #materialize(): Bits {
    if (this.#bits !== undefined) return this.#bits
    this.#bits = new Bits(this.#table.plan.leafCount)
    this.#bits.fill()
    return this.#bits
  }

  #hasAnyOf(extent: number): boolean {
    const { extents } = this.#table.plan
    const end = extents[extent + 1]!
    return this.#bits === undefined || nextIn(this.#bits, undefined, extents[extent]!, end) < end
  }
}
