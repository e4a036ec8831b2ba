// What a running transfer looks like to people: one sentence's worth of numbers, smoothed and never older than it says.
import type { FetchSnapshot, FetchState } from '../../core/fetch/ports.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import type { Transfer, TransferEvent, TransferState } from '../contract/shapes.ts'
import { RateMeter, TimeLeft } from '../../core/rate-meter.ts'
import { restingRow } from './transfer-rows.ts'

const SILENT_MS = 5_000 // after 5 s without bytes the row says what it waits for (PRODUCT.md, "Words on the screen")
const RATES_KEPT = 300
const SENDING_MIN_RATE = 1

export type Progress = Extract<TransferEvent, { type: 'progress' }>
type Phase = Progress['phase']

const STATES: Record<FetchState, TransferState> = {
  resolve: 'finding',
  skeleton: 'finding',
  ready: 'finding',
  open: 'verifying',
  fetch: 'fetching',
  stalled: 'waiting',
  endgame: 'fetching',
  finalise: 'verifying',
  complete: 'done',
  paused: 'paused',
  'disk-full': 'disk-full',
  'io-error': 'failed',
  failed: 'failed'
}
const PHASES: Partial<Record<TransferState, Phase>> = { finding: 'find', verifying: 'verify' }

export class TransferView {
  #row: Transfer
  readonly #meter = new RateMeter()
  readonly #left = new TimeLeft()
  readonly #rates: number[] = []
  #received = 0
  #since: number | undefined
  #ratedAt = 0

  constructor(id: string, row: TransferRow) {
    this.#row = { ...restingRow(row, null), id }
  }

  /** As last taken. */
  get row(): Transfer {
    return this.#row
  }

  /** Bytes per second, one a second, newest last. */
  get rates(): readonly number[] {
    return this.#rates
  }

  /** @param now monotonic milliseconds */
  take(snapshot: FetchSnapshot, now: number): { shown: Transfer; event: Progress } {
    this.#since ??= now
    this.#meter.add(snapshot.received - this.#received, now)
    this.#received = snapshot.received
    const rate = this.#meter.rate(now)
    if (now - this.#ratedAt >= 1000) {
      this.#ratedAt = now
      this.#rates.push(rate)
      if (this.#rates.length > RATES_KEPT) this.#rates.shift()
    }
    const sending = snapshot.peers.filter(peer => peer.ratePerSecond >= SENDING_MIN_RATE)
    const state = STATES[snapshot.state]
    const isSilent = Math.min(this.#meter.silentMs(now), now - this.#since) >= SILENT_MS
    const total = snapshot.total ?? this.#row.total
    const bytes = snapshot.bytes ?? this.#row.bytes
    this.#row = {
      ...this.#row,
      name: this.#row.name === '' ? snapshot.nameHint : this.#row.name,
      state,
      bytes,
      total,
      rate,
      secondsLeft: total == null ? null : this.#left.estimate(total - bytes, this.#meter, now),
      received: snapshot.received,
      duplicate: snapshot.duplicate,
      sources: sending.length,
      from: sending.slice(0, 3).map(peer => peer.name),
      waitingFor: isSilent || state === 'disk-full' ? waitingFor(snapshot) : null
    }
    const { root, received, duplicate } = this.#row
    const phase = PHASES[state] ?? 'fetch'
    return { shown: this.#row, event: { type: 'progress', phase, root, bytes, total, rate, received, duplicate } }
  }
}

function waitingFor({ waitingFor: why }: FetchSnapshot): Transfer['waitingFor'] {
  switch (why) {
    case undefined:
      return null
    case 'disk':
      return 'disk'
    case 'peers':
    case 'parts':
      return 'peers'
    case 'slot':
    case 'answer':
      return 'bytes'
    default:
      return why satisfies never
  }
}
