// What one root hears, written down, for tests: and `until`, which waits for it.
import type { ExchangeCode } from '../exchange/codes.ts'
import type { HaveMessage, InfoMessage } from '../exchange/messages.ts'
import type { RootListener } from '../exchange/requester.ts'

export class SampleListener implements RootListener {
  readonly infos: InfoMessage[] = []
  readonly haves: HaveMessage[] = []
  readonly skeleton: { offset: number; bytes: Uint8Array; last: boolean }[] = []
  readonly leaves = new Map<number, Uint8Array>()
  readonly rejects: { ordinal: number; count: number; code: ExchangeCode; retryMs: number }[] = []
  readonly skeletonRejects: { offset: number; code: ExchangeCode }[] = []
  readonly chokes: boolean[] = []
  readonly records: Uint8Array[] = []
  readonly closed: (Error | undefined)[] = []
  progressBytes = 0
  parked = 0
  /** Called after each event: a test may act on it. */
  after: () => void = () => {}
  #waiting: { condition: () => boolean; met: PromiseWithResolvers<void> }[] = []

  onInfo(info: InfoMessage): void {
    this.infos.push(info)
    this.#changed()
  }

  onHave(have: HaveMessage): void {
    this.haves.push(have)
    this.#changed()
  }

  onSkeleton(offset: number, bytes: Uint8Array, last: boolean): void {
    this.skeleton.push({ offset, bytes, last })
    this.#changed()
  }

  onBytes(_ordinal: number, bytes: number): void {
    this.progressBytes += bytes
    this.#changed()
  }

  onLeaf(ordinal: number, bytes: Uint8Array): void {
    if (this.leaves.has(ordinal)) throw new Error(`Leaf ${ordinal} came twice`)
    this.leaves.set(ordinal, bytes)
    this.#changed()
  }

  onReject(ordinal: number, count: number, code: ExchangeCode, retryMs: number): void {
    this.rejects.push({ ordinal, count, code, retryMs })
    this.#changed()
  }

  onSkeletonReject(offset: number, code: ExchangeCode): void {
    this.skeletonRejects.push({ offset, code })
    this.#changed()
  }

  onChoke(choked: boolean): void {
    this.chokes.push(choked)
    this.#changed()
  }

  onPex(records: readonly Uint8Array[]): void {
    this.records.push(...records)
    this.#changed()
  }

  onParked(): void {
    this.parked++
    this.#changed()
  }

  onClosed(error?: Error): void {
    this.closed.push(error)
    this.#changed()
  }

  /** Resolves when the condition holds; rejects after a deadline, or at once when the root was closed and it does not. */
  async until(condition: () => boolean, ms = 60_000): Promise<void> {
    if (condition()) return
    const met = Promise.withResolvers<void>()
    this.#waiting.push({ condition, met })
    const late = setTimeout(() => met.reject(new Error(`Waited in vain for ${condition.toString()}`)), ms)
    try {
      await met.promise
    } finally {
      clearTimeout(late)
    }
  }

  #changed(): void {
    this.after()
    for (const it of this.#waiting) if (it.condition()) it.met.resolve()
    this.#waiting = this.#waiting.filter(it => !it.condition())
    if (this.closed.length === 0) return
    for (const it of this.#waiting) it.met.reject(this.closed[0] ?? new Error('The root was closed'))
    this.#waiting = []
  }
}
