// A hostile peer that is asked: one session, from the first Hello to whatever it does in place of an answer.
import { decodeRoot, rootText } from '../../../core/cid.ts'
import { ExchangeCode, HaveKind } from '../../../core/exchange/codes.ts'
import { BatchWriter, Flags, type FrameHeader } from '../../../core/exchange/data-frames.ts'
import { MAX_FRAME_BYTES, MAX_LEAVES, MAX_SKELETON_BYTES } from '../../../core/exchange/limits.ts'
import type { ControlMessage } from '../../../core/exchange/messages.ts'
import type { Dice } from '../../../core/simulation/dice.ts'
import type { Wire } from '../../../core/simulation/wire.ts'
import { type Content, madeBytes } from '../content.ts'
import type { Manner } from './plan.ts'
import { Talk } from './talk.ts'

type Of<T extends ControlMessage['type']> = Extract<ControlMessage, { type: T }>

const NONE = new Uint8Array(0)
/** How often each is chosen. */
const LIES = { leaves: 3, 'some leaves': 3, 'short leaves': 1, skeleton: 2, have: 2, info: 1, frames: 2 }
const SILENCES = ['hello', 'choke', 'info', 'have', 'skeleton', 'leaves', 'half'] as const

/** What a hostile peer has made up its mind to do, in every session alike. */
export class Mind {
  readonly manner: Manner
  readonly dice: Dice
  readonly contents: readonly Content[]
  readonly lie: keyof typeof LIES
  readonly silence: (typeof SILENCES)[number]

  constructor(manner: Manner, dice: Dice, contents: readonly Content[]) {
    this.manner = manner
    this.dice = dice
    this.contents = contents
    this.lie = dice.weighted(LIES)
    this.silence = dice.pick(SILENCES)
  }

  lies(about: keyof typeof LIES): boolean {
    return this.manner === 'lying' && this.lie === about
  }

  /** Whether it says nothing from here on. */
  isSilentAt(point: (typeof SILENCES)[number]): boolean {
    return this.manner === 'silent' && this.silence === point
  }
}

export class Serving {
  readonly nonce: Uint8Array
  readonly talk: Talk
  readonly #mind: Mind
  readonly #opens = new Map<number, Content>()
  readonly #gone = new Set<number>() // sids of which it said that it has nothing
  #data: Wire | undefined
  #isChoked = false
  #lastReq = 0

  constructor(wire: Wire, mind: Mind) {
    this.#mind = mind
    this.nonce = mind.dice.bytes(16)
    this.talk = new Talk(wire, message => this.#on(message))
  }

  addData(wire: Wire): void {
    this.#data = wire
  }

  /** One turn of doing what nobody asked for. */
  act(): void {
    if (this.#mind.manner === 'flooding') this.#flood()
    else if (this.#mind.manner === 'toggling') this.#toggle()
  }

  #on(message: ControlMessage): void {
    if (message.type === 'hello') this.#onHello()
    else if (message.type === 'open') this.#onOpen(message)
    else if (message.type === 'skeleton') this.#onSkeleton(message)
    else if (message.type === 'request') this.#onRequest(message)
    else if (message.type === 'close') this.#opens.delete(message.sid)
  }

  #onHello(): void {
    if (this.#mind.isSilentAt('hello')) return
    this.talk.hello(this.nonce)
    if (!this.#mind.isSilentAt('choke')) this.talk.say({ type: 'choke', choke: false, slotsBytes: 0 })
  }

  #onOpen({ sid, root }: Of<'open'>): void {
    const { dice, contents } = this.#mind
    const key = rootText(decodeRoot(root))
    const content = contents.find(it => it.root === key)
    if (this.#mind.isSilentAt('info')) return
    if (content == null) return this.#info(sid, ExchangeCode.NOT_FOUND, 0, 0, 0)
    this.#opens.set(sid, content)
    const { leafCount, sizeBytes, skeletonBytes } = content.layout
    if (this.#mind.lies('info')) {
      const made = (most: number): number => Math.floor(dice.scale(1, most))
      this.#info(sid, ExchangeCode.OK, made(MAX_LEAVES), made(2 ** 50), made(MAX_SKELETON_BYTES))
    } else this.#info(sid, ExchangeCode.OK, leafCount, sizeBytes, skeletonBytes)
    if (!this.#mind.isSilentAt('have')) this.#have(sid, HaveKind.FULL)
  }

  #info(sid: number, code: ExchangeCode, leaves: number, size: number, skeletonBytes: number): void {
    this.talk.say({ type: 'info', sid, code, state: 0, root: NONE, size, leaves, skeletonBytes, retryMs: 0, name: 'x' })
  }

  #have(sid: number, kind: HaveKind, start = 0, bits: Uint8Array = NONE): void {
    this.talk.say({ type: 'have', sid, kind, start, bits })
  }

  #onSkeleton({ req, sid, offset, maxBytes }: Of<'skeleton'>): void {
    const content = this.#opens.get(sid)
    if (content == null || this.#isChoked)
      return this.talk.say({ type: 'reject', req, ordinal: 0, count: 0, code: ExchangeCode.BUSY, retryMs: 0 })
    if (this.#mind.isSilentAt('skeleton')) return
    const bytes = new Uint8Array(content.skeleton.subarray(offset, offset + maxBytes))
    const at = this.#mind.dice.int(0, Math.max(0, bytes.length - 1))
    if (this.#mind.lies('skeleton') && bytes.length > 0) bytes[at] = bytes[at]! ^ 1
    this.#frames({ request: req, ordinal: 0, flags: Flags.SKELETON }, bytes, offset)
  }

  #onRequest({ req, sid, runs }: Of<'request'>): void {
    this.#lastReq = req
    const content = this.#opens.get(sid)
    for (const { start, count } of runs) {
      const code = this.#refusal(sid, content)
      if (code == null) for (let at = start; at < start + count; at++) this.#leaf(req, at, content!)
      else this.talk.say({ type: 'reject', req, ordinal: start, count, code, retryMs: 0 })
    }
  }

  #refusal(sid: number, content: Content | undefined): ExchangeCode | undefined {
    if (content == null) return ExchangeCode.NOT_FOUND
    if (this.#isChoked) return ExchangeCode.BUSY
    if (this.#gone.has(sid) || this.#mind.lies('have')) return ExchangeCode.NOT_HAVE
    return undefined
  }

  #leaf(req: number, ordinal: number, content: Content): void {
    const { dice } = this.#mind
    if (this.#mind.isSilentAt('leaves') || this.#mind.manner === 'flooding') return
    let bytes = content.leaf(ordinal)
    const header = { request: req, ordinal, flags: 0 }
    if (this.#mind.isSilentAt('half')) {
      if (bytes.length > 1) this.#frame({ ...header, offset: 0, length: 0 }, bytes.subarray(0, bytes.length >> 1))
      return
    }
    if (this.#mind.lies('leaves') || (this.#mind.lies('some leaves') && dice.chance(0.2)))
      bytes = madeBytes(bytes.length, ordinal + 1)
    if (this.#mind.lies('short leaves')) bytes = bytes.subarray(0, bytes.length >> 1)
    if (this.#mind.lies('frames')) return this.#wrongFrame(header, bytes)
    this.#frames(header, bytes, 0)
  }

  /** What no answer may look like. */
  #wrongFrame(header: Pick<FrameHeader, 'request' | 'ordinal' | 'flags'>, bytes: Uint8Array): void {
    const { dice } = this.#mind
    const wrong = dice.pick(['twice', 'offset', 'ordinal', 'packed', 'type'])
    if (wrong === 'twice') for (let i = 0; i < 2; i++) this.#frames(header, bytes, 0)
    if (wrong === 'offset') this.#frames(header, bytes, 1)
    if (wrong === 'ordinal') this.#frames({ ...header, ordinal: header.ordinal + dice.int(1, 1_000) }, bytes, 0)
    if (wrong === 'packed') this.#frame({ ...header, offset: 3, flags: Flags.PACKED, length: 0 }, bytes)
    if (wrong === 'type') this.#frames({ ...header, flags: Flags.SKELETON }, bytes, 0)
  }

  /** All of it, the last frame marked as such. */
  #frames(header: Pick<FrameHeader, 'request' | 'ordinal' | 'flags'>, bytes: Uint8Array, offset: number): void {
    for (let at = 0; ; at += MAX_FRAME_BYTES) {
      const payload = bytes.subarray(at, at + MAX_FRAME_BYTES)
      const isLast = at + payload.length >= bytes.length
      const flags = header.flags | (isLast ? Flags.LAST : 0)
      this.#frame({ ...header, offset: offset + at, flags, length: 0 }, payload)
      if (isLast) return
    }
  }

  #frame(header: FrameHeader, payload: Uint8Array): void {
    const batch = new BatchWriter()
    const length = Math.min(payload.length, MAX_FRAME_BYTES)
    batch.add({ ...header, length }, 0).set(payload.subarray(0, length))
    const bytes = batch.take()
    if (bytes != null) this.#data?.send(bytes)
  }

  #flood(): void {
    const { dice } = this.#mind
    const kind = dice.pick(['have', 'info', 'choke', 'reject', 'unknown', 'pex', 'hello'])
    const [sid = dice.int(0, 1), content] = this.#opens.entries().next().value ?? []
    if (content == null && dice.chance(0.9)) return
    const leaves = content?.layout.leafCount ?? 8
    for (let left = Math.floor(dice.scale(10, 1_500)); left > 0 && !this.talk.isOver; left--) {
      if (kind === 'have') this.#have(sid, HaveKind.BITS, 0, dice.bytes(leaves >> 3))
      if (kind === 'info') this.#info(sid, dice.pick([0, 3, 4, 7, 9]), leaves, 1, 1)
      if (kind === 'choke') this.talk.say({ type: 'choke', choke: left % 2 === 0, slotsBytes: dice.int(0, 1_000) })
      if (kind === 'reject') this.#reject(leaves)
      if (kind === 'unknown') this.talk.babble(dice.int(0, 200))
      if (kind === 'pex') this.talk.say({ type: 'pex', sid, records: [dice.bytes(40)] })
      if (kind === 'hello') this.talk.hello(this.nonce)
    }
  }

  /** Of what may be asked for and of what is not. */
  #reject(leaves: number): void {
    const { dice } = this.#mind
    const code = dice.pick([1, 3, 4, 5, 6, 7, 8, 9, 12] as const)
    const req = dice.chance(0.9) ? this.#lastReq : dice.int(0, 100)
    this.talk.say({ type: 'reject', req, ordinal: dice.int(0, leaves), count: dice.int(0, 3), code, retryMs: 1 })
  }

  #toggle(): void {
    const { dice } = this.#mind
    const kind = dice.pick(['have', 'choke', 'info', 'bits', 'all'])
    for (const [sid, content] of this.#opens) {
      const { leafCount, sizeBytes, skeletonBytes } = content.layout
      const comes = this.#gone.has(sid)
      if (kind === 'have' || kind === 'all') {
        if (comes) this.#gone.delete(sid)
        else this.#gone.add(sid)
        this.#have(sid, comes ? HaveKind.FULL : HaveKind.NONE)
      }
      if (kind === 'info') this.#info(sid, comes ? 0 : 3, leafCount, sizeBytes, skeletonBytes)
      const start = 8 * dice.int(0, Math.max(0, (leafCount >> 3) - 1))
      if (kind === 'bits' && leafCount >= 8)
        this.#have(sid, dice.pick([HaveKind.SET, HaveKind.UNSET]), start, new Uint8Array([255]))
    }
    if (kind === 'choke' || kind === 'all') {
      this.#isChoked = !this.#isChoked
      this.talk.say({ type: 'choke', choke: this.#isChoked, slotsBytes: this.#isChoked ? 0 : dice.int(0, 3_000_000) })
    }
  }
}
