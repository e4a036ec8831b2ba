// Reads and sends what one peer asked for, in order: units are taken out of the queue when it is this peer's turn, read
// ahead, cut into frames, and written as fast as the budget and the peer's streams take them. Big leaves go over the bulk link, where there is one, whole.
import type { Clock } from '../clock.ts'
import { BatchWriter } from './data-frames.ts'
import type { Duplex } from './duplex.ts'
import { MAX_PEER_READ_AHEAD, MAX_UNSENT, STALL_MS } from './limits.ts'
import { ExchangeCode, type Run } from './codes.ts'
import { OutgoingUnit, type Payload } from './outgoing-unit.ts'
import type { UploadBudget } from './upload-limiter.ts'
import type { DisjointRuns, Job, RejectCall, SendQueue } from './send-queue.ts'
import type { OpenedRoot } from './opened-root.ts'
import type { QueueMember, FairQueue } from './fair-queue.ts'
import type { ServerBulk } from './server-bulk.ts'
import { readUnit } from './unit-reader.ts'

export interface SenderPorts {
  readonly queue: SendQueue
  readonly turns: FairQueue
  readonly budget: UploadBudget
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly reject: RejectCall
  readonly bulk: ServerBulk
  /** Payload bytes of a root were given to a stream. */
  onSent(root: OpenedRoot, bytes: number): void
  onFailed(error: unknown): void
}

export class UnitSender implements QueueMember {
  readonly #ports: SenderPorts
  readonly #streams: Duplex[] = []
  /** Taken out of the queue and not over, in the order they are sent. */
  readonly #moving: OutgoingUnit[] = []
  readonly #batch = new BatchWriter()
  /** Where the batch goes. */
  #stream: Duplex | undefined
  #granted = 0
  /** Since when it waits for a stream or the budget. */
  #blockedSince: number | undefined
  #running = false

  constructor(ports: SenderPorts) {
    this.#ports = ports
    ports.turns.add(this)
    ports.signal.addEventListener('abort', () => this.#end(), { once: true })
  }

  get streams(): number {
    return this.#streams.length
  }

  addStream(stream: Duplex): void {
    this.#streams.push(stream)
    this.wake()
  }

  /** The queue may have something. */
  wake(): void {
    this.#ports.turns.wake(this)
  }

  wants(): number | undefined {
    if (this.#ports.signal.aborted || this.#streams.length === 0 || this.#blockedSince != null) return undefined
    const room = MAX_PEER_READ_AHEAD - this.#granted
    const bytes = room > 0 ? this.#ungranted()?.unit.readBytes : undefined
    return bytes == null || bytes > room ? undefined : bytes
  }

  take(): void {
    const moving = this.#ungranted()
    if (moving == null) return
    moving.granted = true
    this.#granted += moving.unit.readBytes
    void this.#read(moving)
    void this.#run()
  }

  giveBack(all: boolean): number {
    if (this.#blockedSince == null || this.#ports.clock.now() - this.#blockedSince < STALL_MS) return 0
    let given = 0
    for (const moving of this.#moving.slice(all ? 0 : 1).filter(it => it.granted)) {
      given += moving.unit.readBytes
      moving.granted = false
      moving.leaves = undefined
      moving.ready = Promise.withResolvers()
    }
    this.#granted -= given
    return given
  }

  /** Cancels what is on its way of the jobs that match: all, or what lies whole in one of these runs. BUSY lets a leaf in progress finish. */
  cancel(matches: (job: Job) => boolean, code: ExchangeCode, runs?: DisjointRuns): void {
    const head = this.#moving[0]
    for (const moving of this.#moving.slice()) {
      const { unit } = moving
      if (!matches(unit.job) || (runs != null && !runs.some(run => holds(run, unit)))) continue
      if (moving.done > 0 && code === ExchangeCode.BUSY) continue
      moving.cancelled ??= code
      moving.ready.resolve()
      if (moving === head) continue // the loop below is at it, or will be
      this.#moving.splice(this.#moving.indexOf(moving), 1)
      moving.rejectRest(code)
      this.#release(moving)
    }
    if (this.#moving.length > 0) void this.#run()
  }

  /** The next that is to be read: one given back, else one out of the queue. */
  #ungranted(): OutgoingUnit | undefined {
    const waiting = this.#moving.find(it => !it.granted && it.cancelled == null)
    if (waiting != null) return waiting
    const unit = this.#ports.queue.next()
    if (unit == null) return undefined
    const moving = new OutgoingUnit(unit, this.#ports.queue, this.#ports.reject)
    this.#moving.push(moving)
    return moving
  }

  async #read(moving: OutgoingUnit): Promise<void> {
    const { ready } = moving
    const leaves = await readUnit(moving.unit)
    if (moving.ready !== ready) return // given back meanwhile
    moving.leaves = leaves
    ready.resolve()
  }

  /** Sends while there is something on its way. */
  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      while (!this.#ports.signal.aborted) {
        const head = this.#moving[0]
        if (head == null) await this.#flush()
        if (head == null && this.#moving.length === 0) return
        if (head != null) await this.#send(head)
      }
    } catch (error) {
      if (!this.#ports.signal.aborted) this.#ports.onFailed(error)
    } finally {
      this.#running = false
    }
  }

  /** Sends or rejects all of the head. */
  async #send(head: OutgoingUnit): Promise<void> {
    const { budget, signal } = this.#ports
    const { root } = head.unit.job
    let paid = 0
    while (!head.over && !signal.aborted) {
      const piece = await this.#next(head)
      if (piece == null) continue
      let due: Promise<void> | undefined
      while (due == null && paid < piece.length) {
        const part = Math.min(piece.length - paid, budget.grainBytes(root.key)) // a whole leaf at once would be many turns of whoever gets frames
        due = budget.take(part, root.key, signal)
        paid += part
      }
      if (due != null) {
        due.catch(() => {}) // it may be refused while we are still flushing; the wait below hears of it too
        await this.#flush()
        await this.#wait(due)
        continue // it may have been cancelled or given back meanwhile
      }
      paid -= piece.length
      this.#stream ??= this.#leastBusy()
      piece.write(this.#batch)
      this.#ports.onSent(root, piece.length)
    }
    this.#moving.shift()
    this.#release(head)
  }

  /** The next frame of the head, the batch having room for it, or all of it for the bulk link; undefined: look again. */
  async #next(head: OutgoingUnit): Promise<Payload | undefined> {
    if (head.cancelled != null) {
      await this.#flush() // a Reject does not overtake the frames before it
      head.rejectRest(head.cancelled)
      return undefined
    }
    if (head.leaves == null) {
      await this.#flush()
      if (head.leaves == null && head.cancelled == null) await head.ready.promise
      return undefined
    }
    const link = this.#ports.bulk.linkFor(head.unit)
    const whole = link == null ? undefined : head.inOne(leaf => this.#ports.bulk.hand(link, head.unit, leaf))
    if (link != null && whole != null) {
      if (this.#batch.bytes > 0) await this.#flush()
      else if (link.unsentBytes > MAX_UNSENT) await this.#wait(link.progress())
      else return whole
      return undefined
    }
    const piece = head.piece(this.#ports.budget.grainBytes(head.unit.job.root.key))
    if (piece == null || this.#batch.fits(piece.length)) return piece
    await this.#flush()
    return undefined
  }

  #release(moving: OutgoingUnit): void {
    if (!moving.granted) return
    moving.granted = false
    this.#granted -= moving.unit.readBytes
    this.#ports.turns.release(moving.unit.readBytes)
    this.wake()
  }

  #leastBusy(): Duplex | undefined {
    return this.#streams.toSorted((a, b) => a.unsentBytes - b.unsentBytes)[0]
  }

  /** Writes what was gathered and waits until the transport takes more. */
  async #flush(): Promise<void> {
    const bytes = this.#batch.take()
    const stream = this.#stream
    if (bytes == null || stream == null) return
    this.#stream = undefined
    const more = stream.send(bytes)
    if (!more || stream.unsentBytes > MAX_UNSENT) await this.#wait(stream.drained(this.#ports.signal))
  }

  async #wait(due: Promise<void>): Promise<void> {
    this.#blockedSince = this.#ports.clock.now()
    try {
      await due
    } finally {
      this.#blockedSince = undefined
      this.wake()
    }
  }

  #end(): void {
    this.#ports.turns.remove(this, this.#granted)
    this.#granted = 0
    for (const moving of this.#moving) {
      moving.granted = false
      moving.ready.resolve()
    }
  }
}

const holds = (run: Run, { start, count }: Run): boolean => run.start <= start && start + count <= run.start + run.count
