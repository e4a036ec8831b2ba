// A hostile peer that asks: one session with somebody who serves.
import { parseRoot } from '../../../core/cid.ts'
import { ExchangeCode, HaveKind } from '../../../core/exchange/codes.ts'
import { MAX_MESSAGE_RUNS, MAX_SKELETON_RANGE } from '../../../core/exchange/limits.ts'
import type { ControlMessage } from '../../../core/exchange/messages.ts'
import { openWire } from '../../../core/simulation/open-wire.ts'
import type { Side } from '../../../core/simulation/connection.ts'
import type { Wire } from '../../../core/simulation/wire.ts'
import type { Content } from '../content.ts'
import type { Mind } from './serving.ts'
import { Talk } from './talk.ts'

const FLOODS = [
  'open',
  'open what is not there',
  'request',
  'skeleton',
  'cancel',
  'have',
  'close',
  'unknown',
  'pex'
] as const
const ROOT_BYTES = 36
const DIGEST_BYTES = 32

export class Asking {
  readonly talk: Talk
  readonly #mind: Mind
  readonly #side: Side
  readonly #opens = new Map<number, Content>()
  #lastSid = 0
  #lastReq = 0
  #isFull = false

  constructor(wire: Wire, side: Side, mind: Mind) {
    this.#side = side
    this.#mind = mind
    this.talk = new Talk(wire, message => this.#on(message))
    if (!mind.isSilentAt('hello')) this.talk.hello(new Uint8Array(0))
  }

  /** One turn of doing what nobody needs. */
  act(): void {
    const { manner, dice } = this.#mind
    if (manner === 'flooding') this.#flood()
    if (manner === 'toggling') this.#toggle()
    if (manner === 'lying' && dice.chance(0.3)) this.#lie()
  }

  #on(message: ControlMessage): void {
    if (message.type === 'hello') void this.#begin(message.nonce).catch(() => {}) // the connection has ended
    if (message.type === 'info' && message.code !== ExchangeCode.OK) this.#opens.delete(message.sid)
  }

  async #begin(nonce: Uint8Array): Promise<void> {
    const data = await openWire(this.#side, 'data')
    data.onBytes(() => {})
    data.onEnd(() => {})
    if (!this.#mind.isSilentAt('choke')) data.send(nonce)
    for (const content of this.#mind.contents.slice(0, this.#mind.dice.int(1, 8))) this.#open(content)
    if (this.#mind.manner === 'silent') this.#requestAll()
  }

  #open(content: Content): void {
    const sid = ++this.#lastSid
    this.#opens.set(sid, content)
    this.talk.say({ type: 'open', sid, root: parseRoot(content.root).bytes })
  }

  #requestAll(): void {
    for (const [sid, { layout }] of this.#opens)
      if (layout.leafCount > 0)
        this.talk.say({ type: 'request', req: ++this.#lastReq, sid, runs: [{ start: 0, count: layout.leafCount }] })
  }

  #toggle(): void {
    const { dice } = this.#mind
    const what = dice.pick(['all', 'cancel', 'have', 'close'])
    if (what === 'all') this.#requestAll()
    if (what === 'have') this.#isFull = !this.#isFull
    const open = [...this.#opens] // some are opened again on the way
    for (const [sid, content] of open) {
      if (what === 'cancel') this.talk.say({ type: 'cancel', reqs: [], runs: [], sid, all: true })
      if (what === 'have') this.#have(sid, this.#isFull ? HaveKind.FULL : HaveKind.NONE)
      if (what !== 'close') continue
      this.talk.say({ type: 'close', sid })
      this.#opens.delete(sid)
      this.#open(content)
    }
  }

  /** Claims about what it holds and wants that no layout fits. */
  #lie(): void {
    const { dice } = this.#mind
    const [sid = 1, content] = this.#opens.entries().next().value ?? []
    const leaves = content?.layout.leafCount ?? 1
    const what = dice.pick(['past the end', 'request', 'req twice', 'data'])
    if (what === 'past the end') this.#have(sid, HaveKind.SET, 8 * leaves, dice.bytes(3))
    const runs = [{ start: leaves + dice.int(0, 9), count: dice.int(1, 1_000) }]
    if (what === 'request') this.talk.say({ type: 'request', req: ++this.#lastReq, sid, runs })
    if (what === 'req twice')
      for (let i = 0; i < 2; i++) this.talk.say({ type: 'request', req: 7, sid, runs: [{ start: 0, count: leaves }] })
    if (what === 'data') this.talk.say({ type: 'skeleton', req: ++this.#lastReq, sid, offset: 2 ** 29, maxBytes: 1 })
  }

  #flood(): void {
    const { dice } = this.#mind
    const kind = dice.pick(FLOODS)
    for (let left = Math.floor(dice.scale(10, 1_500)); left > 0 && !this.talk.isOver; left--) this.#floodOne(kind)
  }

  #floodOne(kind: (typeof FLOODS)[number]): void {
    const { dice, contents } = this.#mind
    const [sid = 1, content = contents[0]!] = this.#opens.entries().next().value ?? []
    const leaves = content.layout.leafCount
    switch (kind) {
      case 'open':
        return this.#open(dice.pick(contents))
      case 'open what is not there':
        return this.talk.say({ type: 'open', sid: ++this.#lastSid, root: this.#madeRoot() })
      case 'request':
        return this.talk.say({ type: 'request', req: ++this.#lastReq, sid, runs: this.#runs(leaves) })
      case 'skeleton': {
        const offset = dice.int(0, content.layout.skeletonBytes)
        return this.talk.say({ type: 'skeleton', req: ++this.#lastReq, sid, offset, maxBytes: MAX_SKELETON_RANGE })
      }
      case 'cancel':
        return this.talk.say({ type: 'cancel', reqs: [this.#lastReq], runs: this.#runs(leaves), sid, all: false })
      case 'have':
        return this.#have(sid, HaveKind.BITS, 0, dice.bytes(leaves >> 3))
      case 'close':
        this.#opens.delete(sid)
        return this.talk.say({ type: 'close', sid })
      case 'unknown':
        return this.talk.babble(dice.int(0, 200))
      case 'pex':
        return this.talk.say({ type: 'pex', sid, records: Array.from({ length: 16 }, () => dice.bytes(50)) })
      default:
        kind satisfies never
    }
  }

  /** As many as fit in a message, none over another. */
  #runs(leaves: number): { start: number; count: number }[] {
    const step = Math.max(1, Math.floor(leaves / MAX_MESSAGE_RUNS))
    const count = Math.min(MAX_MESSAGE_RUNS, leaves)
    return Array.from({ length: Math.max(1, count) }, (_, i) => ({ start: i * step, count: 1 }))
  }

  /** A root of nothing: dag-pb, sha2-256. */
  #madeRoot(): Uint8Array {
    const root = new Uint8Array(ROOT_BYTES)
    root.set([1, 0x70, 0x12, DIGEST_BYTES])
    root.set(this.#mind.dice.bytes(DIGEST_BYTES), 4)
    return root
  }

  #have(sid: number, kind: HaveKind, start = 0, bits = new Uint8Array(0)): void {
    this.talk.say({ type: 'have', sid, kind, start, bits })
  }
}
