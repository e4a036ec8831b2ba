// A root goes while a peer reads it: whatever the order, the peer is told before anything is refused for it, and nobody looks like a liar.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'node:test'
import { ExchangeCode, HaveKind } from './codes.ts'
import type { ControlMessage } from './messages.ts'
import { rawRequester, until, type RawPeer } from '../testing/raw-peer.ts'
import { SampleServable, SampleServables } from '../testing/sample-servable.ts'
import { answers, KIB, MIB } from '../testing/served-peer.ts'
import { openExchangeServer } from './server.ts'
import { SteppedClock } from '../testing/stepped-clock.ts'

/** A server of one root, and a requester that opened it and keeps the books. */
async function meet(first: SampleServable) {
  const clock = new SteppedClock()
  const servables = new SampleServables(first)
  const server = openExchangeServer({ servables, agent: 's', clock })
  const peer = await rawRequester(server, { root: first.root.bytes })
  return { clock, servables, server, peer, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise(resolve => setImmediate(resolve))
}

/** The root's servable when it comes again. */
const another = (name: string, sizes: readonly number[]): SampleServable => new SampleServable(name, sizes)

/** What a requester has been told of the leaves, message by message; `refused` lists advertised leaves that were answered NOT_HAVE. */
class Books {
  readonly has = new Set<number>()
  readonly refused: number[] = []
  isServed = false
  readonly #leaves: number

  constructor(leaves: number) {
    this.#leaves = leaves
  }

  take(message: ControlMessage): void {
    if (message.type === 'info') this.isServed = message.code === ExchangeCode.OK
    if (message.type === 'info' && message.code !== ExchangeCode.OK) this.has.clear()
    if (message.type === 'have') this.#have(message)
    if (message.type === 'reject' && message.code === ExchangeCode.NOT_HAVE) {
      for (let i = message.ordinal; i < message.ordinal + message.count; i++) if (this.has.has(i)) this.refused.push(i)
    }
  }

  #have({ kind, start, bits }: ControlMessage & { type: 'have' }): void {
    assert.ok(this.isServed, 'a Have is about a root that Info said is here')
    if (kind === HaveKind.FULL) for (let i = 0; i < this.#leaves; i++) this.has.add(i)
    if (kind === HaveKind.NONE) this.has.clear()
    for (let i = 0; i < bits.length * 8; i++) {
      const isSaid = ((bits[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0
      if (kind === HaveKind.UNSET ? isSaid : kind === HaveKind.BITS && !isSaid) this.has.delete(start + i)
      else if (isSaid) this.has.add(start + i)
    }
  }
}

function keptBooks(peer: RawPeer, leaves: number): Books {
  const books = new Books(leaves)
  for (const message of peer.messages) books.take(message)
  peer.onMessage = message => books.take(message)
  return books
}

test('NONE, then NOT_FOUND, then SHUTDOWN for everything asked and not sent', async () => {
  const servable = new SampleServable(
    'going',
    Array.from({ length: 40 }, () => MIB)
  )
  await using it = await meet(servable)
  let reading = 0
  const held = Promise.withResolvers<void>()
  servable.beforeRead = async () => {
    reading++
    await held.promise
  }
  it.peer.send({ type: 'skeleton', req: 1, sid: 1, offset: 0, maxBytes: 100 })
  it.peer.send({ type: 'request', req: 2, sid: 1, runs: [{ start: 0, count: 20 }] })
  await until(() => reading > 0)
  const from = it.peer.messages.length
  servable.withdraw()
  held.resolve()
  await until(() => answers(it.peer).size >= 20)
  const [none, gone, ...rest] = it.peer.messages.slice(from)
  assert.ok(none?.type === 'have' && none.kind === HaveKind.NONE)
  assert.ok(gone?.type === 'info' && gone.code === ExchangeCode.NOT_FOUND)
  const codes = new Set(rest.map(message => (message.type === 'reject' ? message.code : message.type)))
  assert.deepEqual([...codes], [ExchangeCode.SHUTDOWN])
  assert.equal(servable.watchers, 0)
  it.peer.send({ type: 'request', req: 3, sid: 1, runs: [{ start: 0, count: 1 }] })
  await until(() => answers(it.peer).has('3/0'))
  assert.equal(answers(it.peer).get('3/0'), String(ExchangeCode.NOT_FOUND), 'what crosses the news on its way')
})

test('what comes again under the same root is said to whoever still has it open', async () => {
  const servable = new SampleServable('again', [KIB, KIB])
  await using it = await meet(servable)
  servable.withdraw()
  await until(() => it.peer.last('info')?.code === ExchangeCode.NOT_FOUND)
  it.servables.byRoot.set(servable.root.toString(), another('again', [KIB, KIB]))
  await it.server.refresh(servable.root)
  await until(() => it.peer.last('info')?.code === ExchangeCode.OK && it.peer.last('have')?.kind === HaveKind.FULL)
  it.peer.send({ type: 'request', req: 1, sid: 1, runs: [{ start: 0, count: 2 }] })
  await until(() => answers(it.peer).size === 2)
  assert.deepEqual([...answers(it.peer).values()], ['sent', 'sent'])
})

test('a root withdrawn while it is looked for is answered as one that is not here', async () => {
  const servable = new SampleServable('late', [KIB])
  const server = openExchangeServer({
    servables: {
      find: async () => {
        queueMicrotask(() => servable.withdraw())
        return servable
      }
    },
    agent: 's'
  })
  const peer = await rawRequester(server, { root: servable.root.bytes })
  await settle()
  assert.equal(peer.last('info')?.code, ExchangeCode.NOT_FOUND)
  assert.equal(servable.watchers, 0)
  assert.equal(peer.ended, false)
  await server[Symbol.asyncDispose]()
})

type Step =
  | { type: 'ask'; start: number; count: number }
  | { type: 'lose' | 'win'; start: number; count: number }
  | { type: 'withdraw' | 'attach' | 'pass' | 'read' | 'tick' }

const LEAVES = 40
const run = { start: fc.nat(LEAVES - 1), count: fc.integer({ min: 1, max: 12 }) }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('ask' as const), ...run }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('lose' as const, 'win' as const), ...run }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pass' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('attach' as const, 'tick' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('withdraw' as const, 'read' as const) }) }
)

test('an honest server never refuses what it advertises, whatever comes, goes and is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), fc.boolean(), async (steps, small) => {
      const sizes = Array.from({ length: LEAVES }, (_, i) => (small ? KIB : (1 + (i % 5)) * 20 * KIB))
      let servable = new SampleServable('p', sizes)
      let reads: PromiseWithResolvers<void>[] = []
      const gated = (it: SampleServable): void => {
        it.beforeRead = async () => {
          const gate = Promise.withResolvers<void>()
          reads.push(gate)
          await gate.promise
        }
      }
      gated(servable)
      await using it = await meet(servable)
      const books = keptBooks(it.peer, LEAVES)
      let asked = 0
      const letRead = (): void => {
        for (const gate of reads) gate.resolve()
        reads = []
      }
      const attach = async (): Promise<void> => {
        if (!servable.isWithdrawn) return
        servable = another('p', sizes)
        gated(servable)
        it.servables.byRoot.set(servable.root.toString(), servable)
        await it.server.refresh(servable.root)
      }
      let req = 0
      for (const now of steps) {
        if (now.type === 'ask') {
          const count = Math.min(now.count, LEAVES - now.start)
          it.peer.send({ type: 'request', req: ++req, sid: 1, runs: [{ start: now.start, count }] })
          asked += count
        }
        if (now.type === 'lose' || now.type === 'win') {
          servable.hold(now.start, Math.min(LEAVES, now.start + now.count), now.type === 'win')
        }
        if (now.type === 'withdraw') servable.withdraw()
        if (now.type === 'attach') await attach()
        if (now.type === 'pass') await settle()
        if (now.type === 'read') letRead()
        if (now.type === 'tick') it.clock.step(300)
      }
      await attach()
      await until(() => {
        letRead()
        return answers(it.peer).size === asked
      })
      it.clock.step(300)
      await settle()
      assert.deepEqual(books.refused, [], 'refused with NOT_HAVE what was advertised')
      assert.equal(it.peer.ended, false)
      assert.equal(books.isServed, true)
      const held = Array.from({ length: LEAVES }, (_, i) => i).filter(i => servable.have.has(i))
      assert.deepEqual([...books.has].sort((a, b) => a - b), held, 'what was told in the end is what is there') // prettier-ignore
    }),
    { numRuns: 150 }
  )
})
