// What a peer said it has before there is a layout to hold it against: at most one bit a leaf, whatever it sends.

import { HaveKind } from '../exchange/codes.ts'
import type { HaveMessage } from '../exchange/messages.ts'
import type { HaveChange } from './peer-have.ts'

export class PendingHave {
  #full = false
  #bits: Uint8Array | undefined

  /** `leaves`: what the peer's Info says; the exchange has checked the message against it. */
  apply(have: HaveMessage, leaves: number): void {
    if (have.kind === HaveKind.FULL || have.kind === HaveKind.NONE) {
      this.#full = have.kind === HaveKind.FULL
      this.#bits = this.#full ? undefined : new Uint8Array(Math.ceil(leaves / 8))
      return
    }
    const bits = (this.#bits ??= new Uint8Array(Math.ceil(leaves / 8)).fill(this.#full ? 0xff : 0))
    this.#full = false
    for (const [i, said] of have.bits.entries()) {
      const at = have.start / 8 + i
      if (at >= bits.length) return
      const was = bits[at]!
      bits[at] = have.kind === HaveKind.BITS ? said : have.kind === HaveKind.SET ? was | said : was & ~said
    }
  }

  /** Everything said so far, in one; undefined when nothing was. */
  take(): HaveChange | undefined {
    const bits = this.#bits
    const full = this.#full
    this.#bits = undefined
    this.#full = false
    if (full) return { kind: 'full' }
    return bits == null ? undefined : { kind: 'bits', start: 0, bits }
  }
}

const KINDS = ['full', 'none', 'bits', 'set', 'unset'] as const

export function changeOf(have: HaveMessage): HaveChange {
  const kind = KINDS[have.kind]
  return kind === 'full' || kind === 'none' ? { kind } : { kind, start: have.start, bits: have.bits }
}
