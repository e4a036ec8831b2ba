// What a peer said it has and nobody looked at yet: before there is a layout to hold it against, or more than may be looked at now. At most one
// bit a leaf, whatever it sends.

import type { HaveMessage } from '../exchange/messages.ts'

/** Have of PROTOCOL.md, "Messages". `bits` begin at ordinal `start`, a multiple of 8. */
export interface HaveBitsChange {
  kind: 'bits' | 'set' | 'unset'
  start: number
  bits: Uint8Array
}
export type HaveChange = { kind: 'full' } | { kind: 'none' } | HaveBitsChange

export class PendingHave {
  #whole: 'full' | 'none' | undefined
  #bits: Uint8Array | undefined

  /** `bits`: what it said before; owned from then on. */
  constructor(bits?: Uint8Array) {
    this.#bits = bits
  }

  /** `leaves`: what the peer's Info says; the exchange has checked the message against it. */
  apply(change: HaveChange, leaves: number): void {
    if (change.kind === 'full' || change.kind === 'none') {
      this.#whole = change.kind
      this.#bits = undefined
      return
    }
    const bits = (this.#bits ??= new Uint8Array(Math.ceil(leaves / 8)).fill(this.#whole === 'full' ? 0xff : 0))
    this.#whole = undefined
    for (const [i, said] of change.bits.entries()) {
      const at = change.start / 8 + i
      if (at >= bits.length) return
      const was = bits[at]!
      bits[at] = change.kind === 'bits' ? said : change.kind === 'set' ? was | said : was & ~said
    }
  }

  /** Everything said so far, in one; undefined when nothing was. */
  take(): HaveChange | undefined {
    const bits = this.#bits
    const whole = this.#whole
    this.#bits = undefined
    this.#whole = undefined
    if (whole != null) return { kind: whole }
    return bits == null ? undefined : { kind: 'bits', start: 0, bits }
  }
}

const KINDS = ['full', 'none', 'bits', 'set', 'unset'] as const

export function changeOf(have: HaveMessage): HaveChange {
  const kind = KINDS[have.kind]
  return kind === 'full' || kind === 'none' ? { kind } : { kind, start: have.start, bits: have.bits }
}
