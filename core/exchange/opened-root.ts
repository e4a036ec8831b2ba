// One root that a peer opened: what it was told of the bitmap, and what it is still to be told.
import type { CID } from 'multiformats/cid'
import { ChangedBytes, changedHave, wholeHave } from './have-bits.ts'
import { ExchangeCode, HaveKind, RootState } from './codes.ts'
import type { ControlMessage, HaveMessage } from './messages.ts'
import type { Servable, ServableChange, ServeState } from './servable.ts'

const STATES: Record<ServeState, RootState> = {
  ready: RootState.READY,
  checking: RootState.CHECKING,
  partial: RootState.PARTIAL,
  changed: RootState.CHANGED
}

export class OpenedRoot {
  readonly sid: number
  readonly root: CID
  /** Text of the root: the key of rate limits. */
  readonly key: string
  /** Whether the peer said it holds everything. */
  peerIsFull = false
  /** Whether the peer asked for leaves: who only looks asks for the skeleton. */
  hasAsked = false
  servable: Servable | undefined
  readonly #set = new ChangedBytes()
  readonly #unset = new ChangedBytes()
  #saidWhole = false // before that there is nothing to add to
  #saidFull = false
  #saidState: ServeState | undefined
  #unwatch: (() => void) | undefined

  constructor(sid: number, root: CID) {
    this.sid = sid
    this.root = root
    this.key = root.toString()
  }

  /** From now on this is what is served. `onChange` is told of everything at once; what it says of bits is noted by then. */
  attach(servable: Servable, onChange: (change: ServableChange) => void): void {
    this.detach()
    this.servable = servable
    this.#unwatch = servable.watch(change => {
      this.#note(change)
      onChange(change)
    })
  }

  detach(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
    this.servable = undefined
    this.#set.clear()
    this.#unset.clear()
    this.#saidWhole = false
    this.#saidFull = false
  }

  /** Whether the peer was told what is held. */
  get isTold(): boolean {
    return this.#saidWhole
  }

  /** The answer to Open, or news of the state. Without a servable it says `code`. */
  info(code: ExchangeCode = ExchangeCode.NOT_FOUND, retryMs = 0): ControlMessage & { type: 'info' } {
    const it = this.servable
    this.#saidState = it?.state
    return {
      type: 'info',
      sid: this.sid,
      code: it == null ? code : ExchangeCode.OK,
      state: it == null ? RootState.READY : STATES[it.state],
      root: this.root.bytes,
      size: it?.sizeBytes ?? 0,
      leaves: it?.leafCount ?? 0,
      skeletonBytes: it?.skeletonBytes ?? 0,
      retryMs,
      name: it?.name ?? ''
    }
  }

  /** Whether its state is another one than the peer was told. */
  get hasOtherState(): boolean {
    return this.isTold && this.servable != null && this.servable.state !== this.#saidState
  }

  /** The bitmap as it is. */
  whole(): HaveMessage[] {
    if (this.servable == null) return []
    this.#set.clear()
    this.#unset.clear()
    this.#saidWhole = true
    this.#saidFull = this.servable.have.isFull
    return wholeHave(this.servable.have)
  }

  get hasNews(): boolean {
    return this.#saidWhole && (this.#set.any || this.#unset.any)
  }

  /** One message of what was lost. */
  loss(): HaveMessage | undefined {
    const have = this.servable?.have
    const lost = have == null || !this.#saidWhole ? undefined : this.#unset.take()
    if (have == null || lost == null) return undefined
    this.#saidFull = false
    return changedHave(have, HaveKind.UNSET, ...lost)
  }

  /** One message of what changed; losses first. */
  news(): HaveMessage | undefined {
    const have = this.servable?.have
    if (have == null || !this.#saidWhole) return undefined
    const lost = this.loss()
    if (lost != null) return lost
    if (have.isFull) {
      this.#set.clear()
      if (this.#saidFull) return undefined
      this.#saidFull = true
      return { kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) }
    }
    const won = this.#set.take()
    return won == null ? undefined : changedHave(have, HaveKind.SET, ...won)
  }

  #note(change: ServableChange): void {
    if (change.set != null) this.#set.add(...change.set)
    if (change.unset != null) this.#unset.add(...change.unset)
  }
}
