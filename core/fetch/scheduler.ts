// Decides what to ask of whom (DESIGN.md, "Scheduling"); never waits, reads a clock, or rolls a die. Bytes, hashing, disk and
// streams are the shell's (fetch.ts): it reports what happened as inputs and performs the effects in the order given.

import type { Run } from '../exchange/codes.ts'
import type { Effect, Input, PeerInput, RejectReason } from './inputs-and-effects.ts'
import { ASSIGNED, type LeafTable, MISSING, RECEIVED, UNWANTED, WRITTEN } from './leaf-table.ts'
import { OutstandingRequests } from './outstanding-requests.ts'
import * as limits from './limits.ts'
import { type Outstanding, ScheduledPeer, type PeerRecord, type PeerState, strike } from './scheduled-peer.ts'
import { type Budget, Picker } from './picker.ts'
import { DownloadLimit } from './download-limit.ts'
import { findWorkToSteal } from './work-stealing.ts'

const MAX_RECORDS = 1_024
const MANY_LEAVES = (limits.MAX_PEER_LEAVES * 3) / 4

export class Scheduler {
  readonly #table: LeafTable
  readonly #picker: Picker
  readonly #outstanding: OutstandingRequests
  readonly #ownLimit = new DownloadLimit()
  readonly #limits: readonly DownloadLimit[]
  readonly #peers = new Map<string, ScheduledPeer>()
  readonly #records = new Map<string, PeerRecord>() // of peers that went away, oldest first
  #out: Effect[] = []
  #room = limits.MAX_OUT_BYTES
  #squeezed = false // somebody was refused for want of room, not of work
  #duplicateBytes = 0
  #sharing = 1 // peers that share what may be outstanding in all
  #turn = 0
  #running = true
  #stopped = false
  #done = false
  #starved = false
  #sourceChanged = false

  /** `shared`: rate downloadLimits that other transfers take from too. `random` gives numbers in [0, 1). Owns `table` from then on. */
  constructor({
    table,
    random,
    shared
  }: {
    table: LeafTable
    random: () => number
    shared?: readonly DownloadLimit[]
  }) {
    this.#table = table
    this.#picker = new Picker(this.#table, random)
    this.#limits = [this.#ownLimit, ...(shared ?? [])]
    this.#outstanding = new OutstandingRequests(this.#table, this.#peers, this.#limits)
  }

  /** `now`: milliseconds of a clock that never goes back. After `stop` nothing has an effect. */
  apply(input: Input, now: number): Effect[] {
    this.#out = []
    if (this.#stopped) return this.#out
    const free = this.#take(input, now)
    if (this.#mustWait(input)) return this.#out
    if (free === 'all' || this.#out.some(effect => effect.type === 'cancel')) this.#askAll(now)
    else if (free != null) this.#ask(free, now)
    if (input.type === 'time-passed') this.#steal(now)
    this.#conclude(now)
    return this.#out
  }

  /** Something is missing and nobody here can send it. */
  get starved(): boolean {
    return this.#starved
  }

  /** Nothing is missing, or it is on its way to the disk, or somebody can send it; paused or not. */
  canReceive(now: number): boolean {
    return this.#table.left === 0 || this.#table.count(RECEIVED) > 0 || this.#someoneCanSend(now, false)
  }

  /** The same, counting a peer that chokes us: it has what is missing and will send. */
  isServed(now: number): boolean {
    return this.canReceive(now) || this.#someoneCanSend(now, true)
  }

  /** Nothing is missing (any more). */
  get isDone(): boolean {
    return this.#done
  }

  /** Everything missing is asked of somebody. */
  get isEndgame(): boolean {
    return this.#table.count(MISSING) === 0 && this.#table.left > 0
  }

  /** Some peer answered CHANGED. */
  get sourceChanged(): boolean {
    return this.#sourceChanged
  }

  get outstandingBytes(): number {
    return this.#outstanding.outBytes
  }

  /** Every position of this leaf's multihash, wanted or not, in order. */
  positions(ordinal: number): number[] {
    return this.#table.duplicates.positions(ordinal)
  }

  peers(now: number): { peer: string; state: PeerState; ratePerSecond: number; outstandingBytes: number }[] {
    return [...this.#peers.values()].map(peer => {
      const ratePerSecond = peer.rate ?? 0
      return { peer: peer.id, state: peer.state(now), ratePerSecond, outstandingBytes: peer.outBytes }
    })
  }

  /** Takes the input in; returns who may have become free to be asked. */
  #take(input: Input, now: number): ScheduledPeer | 'all' | undefined {
    switch (input.type) {
      case 'peer-opened':
        return this.#enter(input.peer, input.rttMs)
      case 'peer-left':
        return this.#leave(input.peer)
      case 'room-changed':
        this.#room = input.bytes
        return this.#squeezed ? 'all' : undefined
      case 'limit-changed':
        this.#ownLimit.set(input.bytesPerSecond, now)
        return 'all'
      case 'leaf-written':
        return this.#finish(this.#table.duplicates.first(input.ordinal), now)
      case 'leaf-lost':
        return this.#lose(this.#table.duplicates.first(input.ordinal))
      case 'peer-forgiven':
        this.#records.delete(input.peer)
        return undefined
      case 'leaf-refuted':
        return this.#blame(input.peer, this.#table.duplicates.first(input.ordinal), now)
      case 'time-passed':
        for (const peer of this.#peers.values()) this.#watch(peer, now)
        return 'all'
      case 'paused':
        return this.#pause(now)
      case 'resumed':
        this.#running = true
        return 'all'
      case 'stopped':
        this.#stopped = true
        return this.#pause(now)
      case 'rtt-measured':
      case 'have-received':
      case 'choke-changed':
      case 'bytes-received':
      case 'leaf-received':
      case 'reject-received': {
        const peer = this.#peers.get(input.peer)
        return peer == null ? undefined : this.#takeFrom(peer, input, now)
      }
      default:
        input satisfies never
        return undefined
    }
  }

  /** What one peer says makes us look at everybody a number of times; beyond it, the next tick does. */
  #mustWait(input: Input): boolean {
    if (!(input.type === 'have-received' || input.type === 'choke-changed' || input.type === 'reject-received'))
      return false
    const peer = this.#peers.get(input.peer)
    return peer != null && peer.looks++ >= limits.MAX_LOOKS
  }

  #takeFrom(peer: ScheduledPeer, input: PeerInput, now: number): ScheduledPeer | 'all' {
    switch (input.type) {
      case 'rtt-measured':
        peer.rttMs = input.rttMs
        return peer
      case 'have-received':
        peer.have.say(input.change)
        peer.exhausted = false
        return 'all'
      case 'choke-changed':
        peer.choked = input.choked
        peer.slotsBytes = input.slotsBytes
        if (!input.choked) peer.heldUntil = -Infinity
        return 'all'
      case 'bytes-received':
        this.#progress(peer, input.ordinal, input.bytes, now)
        return peer
      case 'leaf-received':
        this.#receive(peer, input.ordinal, now)
        return this.#squeezed ? 'all' : peer
      case 'reject-received':
        for (const one of this.#outstanding.among(peer, input.start, input.count)) {
          this.#reject(peer, one, input.reason, input.retryMs, now)
        }
        return 'all'
      default:
        input satisfies never
        return peer
    }
  }

  #enter(id: string, rttMs: number): 'all' {
    this.#leave(id)
    const record = this.#records.get(id) ?? { strikes: [], backoffs: 0, refused: new Set(), banned: undefined }
    if (record.banned != null) {
      this.#out.push({ type: 'ban', peer: id, reason: record.banned })
      return 'all'
    }
    this.#peers.set(id, new ScheduledPeer(id, rttMs, this.#table, record))
    return 'all'
  }

  #leave(id: string): 'all' {
    const peer = this.#peers.get(id)
    if (peer == null) return 'all'
    this.#peers.delete(id)
    this.#outstanding.releaseAll(peer, peer.out.keys())
    peer.have.forget()
    this.#records.delete(id)
    this.#records.set(id, peer.record)
    const oldest = this.#records.keys().next()
    if (this.#records.size > MAX_RECORDS && oldest.done !== true) this.#records.delete(oldest.value)
    return 'all'
  }

  #progress(peer: ScheduledPeer, ordinal: number, bytes: number, now: number): void {
    const one = peer.out.get(this.#table.duplicates.first(ordinal))
    if (one == null || one.ordinal !== ordinal) return
    const fresh = Math.min(bytes, one.bytes - one.got)
    one.got += fresh
    if (fresh > 0) peer.doubtful.delete(one.leaf)
    peer.received(fresh, now)
    if (peer.snubbed) this.#wake(peer, one, now)
  }

  #receive(peer: ScheduledPeer, ordinal: number, now: number): void {
    const leaf = this.#table.duplicates.first(ordinal)
    const one = peer.out.get(leaf)
    if (one == null || one.ordinal !== ordinal) return
    this.#progress(peer, ordinal, one.bytes - one.got, now)
    peer.record.backoffs = 0
    peer.have.wasRead(ordinal)
    this.#outstanding.settle(peer, leaf)
    this.#table.set(leaf, RECEIVED) // nobody is asked for a leaf that is here, so it was not
    for (const other of this.#outstanding.holders(leaf)) this.#cancel(other, [leaf], now)
    this.#room -= one.bytes
    this.#out.push({ type: 'accept', peer: peer.id, ordinal })
  }

  #finish(leaf: number, now: number): undefined {
    if (this.#table.state(leaf) !== UNWANTED) this.#table.set(leaf, WRITTEN)
    for (const peer of this.#outstanding.holders(leaf)) this.#cancel(peer, [leaf], now)
  }

  #lose(leaf: number): 'all' {
    const state = this.#table.state(leaf)
    if (state === RECEIVED || state === WRITTEN) this.#outstanding.reopen(leaf)
    return 'all'
  }

  #blame(id: string, leaf: number, now: number): 'all' {
    if (this.#table.state(leaf) === RECEIVED) this.#outstanding.reopen(leaf)
    const peer = this.#peers.get(id)
    const record = peer?.record ?? this.#records.get(id)
    record?.refused.add(leaf)
    if (record != null) strike(record, limits.WRONG_STRIKE, now)
    peer?.have.refuse(leaf)
    if (peer != null) this.#banIfStruck(peer)
    return 'all'
  }

  #banIfStruck(peer: ScheduledPeer): void {
    const { banned: reason } = peer.record
    if (reason == null || !this.#peers.has(peer.id)) return
    this.#leave(peer.id)
    this.#out.push({ type: 'ban', peer: peer.id, reason })
  }

  #reject(peer: ScheduledPeer, one: Outstanding, reason: RejectReason, retryMs: number, now: number): void {
    if (reason === 'cancelled') return // of a request that is over here already
    const advertised = peer.have.has(one.ordinal)
    if (this.#outstanding.release(peer, one.leaf) == null) return
    if (peer.out.size === 0) peer.snubbed = false // it answered
    switch (reason) {
      case 'not-have':
        if (!advertised) break // withdrawn since it was asked
        if (peer.have.isBehind) {
          peer.have.drop(one.ordinal) // it may have said so
          break
        }
        peer.have.refuse(one.leaf)
        if (one.request.isStruck) break // it answers for a request once, whatever the number of leaves
        one.request.isStruck = true
        strike(peer.record, limits.NOT_HAVE_STRIKE, now)
        this.#banIfStruck(peer)
        break
      case 'changed':
        this.#sourceChanged = true
        peer.have.drop(one.ordinal)
        break
      case 'io':
        if (!peer.have.rest(one.ordinal, retryMs, now)) this.#giveRest(peer, now)
        break
      case 'limit':
        peer.shrink()
        peer.hold(retryMs, now)
        break
      case 'busy':
      case 'shutdown':
        peer.hold(retryMs, now)
        break
      case 'not-found':
      case 'denied':
      case 'bad-request':
      case 'unsupported':
      case 'protocol':
        this.#giveRest(peer, now)
        break
      default:
        reason satisfies never
    }
  }

  /** Nothing is asked of it for a while. */
  #giveRest(peer: ScheduledPeer, now: number): void {
    peer.snubbed = false
    this.#cancel(peer, peer.out.keys(), now)
    peer.backOff(now)
  }

  #watch(peer: ScheduledPeer, now: number): void {
    peer.looks = 0
    const hasNews = peer.have.settle()
    if (peer.have.wake(now) || hasNews) peer.exhausted = false
    const quietMs = peer.quietMs(now)
    if (quietMs < Math.max(limits.SNUBBED_MS, 4 * peer.rttMs)) return
    peer.snubbed = true
    if (quietMs < limits.BACKOFF_AFTER_MS) this.#loosen(peer, now)
    else this.#cancel(peer, peer.out.keys(), now)
  }

  /** Others may take its leaves. The oldest extent of them stays asked for: if it comes after all, it is kept. */
  #loosen(peer: ScheduledPeer, now: number): void {
    const late: number[] = []
    let kept = 0
    for (const [leaf, one] of peer.out) {
      kept += one.bytes
      if (kept > limits.EXTENT_BYTES && kept > one.bytes) late.push(leaf)
      else this.#outstanding.reopenIfAbandoned(leaf)
    }
    this.#cancel(peer, late, now)
  }

  /** It sends again: what nobody took meanwhile is its own again, what somebody took and it has not begun stays there. */
  #wake(peer: ScheduledPeer, current: Outstanding, now: number): void {
    peer.snubbed = false
    const taken: number[] = []
    for (const leaf of peer.out.keys()) {
      const state = this.#table.state(leaf)
      if (state === MISSING) this.#table.set(leaf, ASSIGNED)
      else if (leaf !== current.leaf && this.#outstanding.holders(leaf).size > 1) taken.push(leaf)
    }
    this.#cancel(peer, taken, now)
  }

  #pause(now: number): undefined {
    this.#running = false
    for (const peer of this.#peers.values()) {
      peer.snubbed = false
      this.#cancel(peer, peer.out.keys(), now)
    }
  }

  #cancel(peer: ScheduledPeer, leaves: Iterable<number>, now: number): void {
    const runs = this.#outstanding.releaseAll(peer, leaves)
    if (runs.length > 0) this.#out.push({ type: 'cancel', peer: peer.id, runs })
    if (peer.snubbed && peer.out.size === 0) peer.backOff(now)
  }

  /** Everybody in turn, each time beginning one further: no peer comes before another. */
  #askAll(now: number): void {
    this.#squeezed = false
    const peers = [...this.#peers.values()]
    this.#sharing = 0
    for (const peer of peers) if (!peer.exhausted && peer.mayBeAsked(now)) this.#sharing++
    this.#turn++
    for (let i = 0; i < peers.length; i++) this.#ask(peers[(i + this.#turn) % peers.length]!, now)
  }

  #ask(peer: ScheduledPeer, now: number): void {
    while (this.#running && !peer.exhausted && this.#table.count(MISSING) > 0 && peer.mayBeAsked(now)) {
      const budget = this.#budget(peer, now)
      if (budget == null) return
      const runs = this.#picker.take(peer, budget, one => {
        this.#outstanding.assign(peer, one, now)
      })
      if (runs.length === 0) {
        this.#squeezed ||= !peer.exhausted
        return
      }
      this.#out.push({ type: 'request', peer: peer.id, runs })
    }
  }

  /** Undefined: nothing now. A request covers at least a quarter of the window, or of the leaves a peer may have to send, so that folders are not round trips. */
  #budget(peer: ScheduledPeer, now: number): Budget | undefined {
    if (peer.out.size > MANY_LEAVES) return undefined
    const window = Math.min(
      peer.window,
      Math.max(limits.EXTENT_BYTES, limits.MAX_OUT_BYTES / Math.max(1, this.#sharing))
    )
    const least = peer.out.size === 0 ? 1 : Math.max(window / 4, peer.leastBytes)
    const free = window - peer.outBytes
    if (free < least) return undefined
    const hard = Math.min(limits.MAX_OUT_BYTES, this.#room) - this.#outstanding.outBytes
    this.#squeezed ||= hard < free
    if (hard < least) return undefined
    let tokens = Infinity
    for (const limit of this.#limits) tokens = Math.min(tokens, limit.available(now))
    return tokens > 0 ? { free, hard, tokens } : undefined
  }

  #steal(now: number): void {
    if (!this.#running || this.#table.left === 0) return
    const fastestFirst = [...this.#peers.values()].sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0))
    for (const idle of fastestFirst) {
      if (idle.out.size > 0 || !idle.mayBeAsked(now) || this.#picker.hasWork(idle)) continue
      const budget = this.#budget(idle, now)
      if (budget != null) this.#stealFor(idle, budget, now)
    }
  }

  #stealFor(idle: ScheduledPeer, budget: Budget, now: number): void {
    const share = Math.max(limits.EXTENT_BYTES, this.#table.wantedBytes * limits.DUPLICATE_SHARE)
    const mayDuplicate = this.#table.count(MISSING) === 0 ? share - this.#duplicateBytes : 0
    const found = findWorkToSteal(idle, this.#peers.values(), {
      budget,
      mayDuplicate,
      now,
      table: this.#table,
      outstanding: this.#outstanding
    })
    if (found == null) return
    this.#cancel(
      found.from,
      found.stolen.map(one => one.leaf),
      now
    )
    this.#duplicateBytes += found.duplicated?.bytes ?? 0
    const runs: Run[] = []
    for (const one of found.duplicated == null ? found.stolen : [...found.stolen, found.duplicated]) {
      this.#outstanding.assign(idle, one, now)
      runs.push({ start: one.ordinal, count: 1 })
    }
    this.#out.push({ type: 'request', peer: idle.id, runs })
  }

  #conclude(now: number): void {
    const wasDone = this.#done
    const wasStarved = this.#starved
    this.#done = this.#table.left === 0
    this.#starved = this.#running && !this.isServed(now)
    if (this.#done && !wasDone) this.#out.push({ type: 'done' })
    if (this.#starved && !wasStarved) this.#out.push({ type: 'starved' })
  }

  #someoneCanSend(now: number, isChokedToo: boolean): boolean {
    for (const peer of this.#peers.values()) {
      const state = peer.state(now)
      if (state !== 'active' && !(isChokedToo && state === 'choked')) continue
      if (peer.isSending || this.#picker.hasWork(peer)) return true
    }
    return false
  }
}
