// Somebody reads here while what is read goes: cancelled, paused, done and not kept, removed. Nothing is refused that is still advertised, so that
// nobody there takes this device for a liar; and who has it open hears when it is here again.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseRoot } from '../../core/cid.ts'
import { ExchangeCode, HaveKind } from '../../core/exchange/codes.ts'
import { openRequester } from '../../core/exchange/open-requester.ts'
import { SampleListener } from '../../core/testing/sample-listener.ts'
import { openLoopbackNode, until } from '../../core/testing/loopback-swarm.ts'
import type { Transfer } from '../contract/shapes.ts'
import { open, scratch, share, untilTransfers } from '../testing/sample-application.ts'
import { cleanup } from '../../core/testing/cleanup.ts'

const limit = { timeout: 120_000 }
const MIB = 1024 * 1024
const LEAVES = 24

type Node = Awaited<ReturnType<typeof open>>

/** What a reader that asks for everything it is told of hears, in order; `asked` is never sent whole: the upload is slow. */
class Reader extends SampleListener {
  readonly has = new Set<number>()
  /** Leaves refused with NOT_HAVE though they were advertised. */
  readonly lies: number[] = []

  override onHave(have: Parameters<SampleListener['onHave']>[0]): void {
    const { kind, start, bits } = have
    if (kind === HaveKind.FULL) for (let i = 0; i < LEAVES; i++) this.has.add(i)
    if (kind === HaveKind.NONE || kind === HaveKind.BITS) this.has.clear() // few leaves: BITS says all
    for (let i = 0; i < bits.length * 8; i++) {
      if (((bits[i >>> 3] ?? 0) & (1 << (i & 7))) === 0) continue
      if (kind === HaveKind.UNSET) this.has.delete(start + i)
      else this.has.add(start + i)
    }
    super.onHave(have)
  }

  override onReject(start: number, count: number, code: ExchangeCode, retryMs: number): void {
    for (let i = start; i < start + count; i++) if (code === ExchangeCode.NOT_HAVE && this.has.has(i)) this.lies.push(i)
    super.onReject(start, count, code, retryMs)
  }
}

/** C shares, B gets it from C and sends slowly, and a reader has it open at B. */
async function chain(t: TestContext, { keepSharing = true }: { keepSharing?: boolean } = {}) {
  const dir = await scratch(t)
  const file = path.join(dir, 'one.bin')
  await writeFile(file, randomBytes(LEAVES * MIB))
  const stack = cleanup(t)
  const c = stack.use(await open(path.join(dir, 'c'), t.signal, limits(12_000_000)))
  const b = stack.use(await open(path.join(dir, 'b'), t.signal, limits(1_000_000)))
  await b.page.settings.set({ keepSharing })
  const { link, root } = await share(c.client, file)
  const { grants } = await b.client.grant.paths({ paths: [path.join(dir, 'of b')], use: 'write' })
  const begun = { link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: null }
  const { id } = await b.client.transfer.start(begun)
  const [addr = ''] = (await b.client.node.info({})).addrs
  const node = stack.use(await openLoopbackNode(t.signal))
  await node.dial(addr, t.signal)
  const pipe = node.pipe((await b.client.node.info({})).peerId) ?? assert.fail('not connected')
  const requester = stack.use(await openRequester(pipe, { agent: 'reader', name: '' }, t.signal))
  const reader = new Reader()
  await untilRow(b, ({ bytes }) => bytes > 12 * MIB)
  const opened = requester.openRoot(parseRoot(root), reader)
  await reader.until(() => reader.has.size >= 12)
  opened.setLayout(() => MIB, LEAVES)
  const ask = (): number => {
    for (const start of reader.has) opened.request([{ start, count: 1 }])
    return reader.has.size
  }
  return { b, c, id, root, reader, ask }
}

const limits = (uploadBytesPerSecond: number) => ({
  limits: { uploadBytesPerSecond, downloadBytesPerSecond: null, reserveBytes: 0 }
})

/** Until the only transfer of a node is like this. */
const untilRow = ({ client }: Node, holds: (row: Transfer) => boolean) =>
  untilTransfers(client, rows => [...rows.values()].some(holds))

/** Everything asked for is over, and what was not sent was not refused as something this device never had. */
async function assertHonest(reader: Reader, asked: number): Promise<void> {
  const refused = (): number => reader.rejects.reduce((sum, { count }) => sum + count, 0)
  await reader.until(() => reader.leaves.size + refused() === asked)
  assert.deepEqual(reader.lies, [], 'refused though advertised')
  assert.ok(refused() > 0, 'something was still asked for when it went')
  assert.deepEqual([...new Set(reader.rejects.map(({ code }) => code))], [ExchangeCode.SHUTDOWN])
  assert.equal(reader.infos.at(-1)?.code, ExchangeCode.NOT_FOUND)
  assert.equal(reader.haves.at(-1)?.kind, HaveKind.NONE)
}

test('a download is cancelled while somebody reads it', limit, async t => {
  const { b, id, reader, ask } = await chain(t)
  const asked = ask()
  await reader.until(() => reader.progressBytes > 0)
  await b.client.transfer.cancel({ id })
  await assertHonest(reader, asked)
})

test('a download is paused while somebody reads it, and goes on: so does the reader', limit, async t => {
  const { b, id, reader, ask } = await chain(t)
  const asked = ask()
  await reader.until(() => reader.progressBytes > 0)
  await b.client.transfer.pause({ id })
  await assertHonest(reader, asked)
  await b.client.transfer.resume({ id })
  await reader.until(() => reader.infos.at(-1)?.code === ExchangeCode.OK && reader.has.size >= 12)
  reader.leaves.clear()
  ask()
  await reader.until(() => reader.leaves.size > 0)
})

test('a download that is not kept is done while somebody reads it', limit, async t => {
  const { b, reader, ask } = await chain(t, { keepSharing: false })
  const asked = ask()
  await untilRow(b, ({ state }) => state === 'done')
  await assertHonest(reader, asked)
})

test('a download that is kept is done while somebody reads it, who notices nothing', limit, async t => {
  const { b, reader, ask } = await chain(t)
  const asked = ask()
  await untilRow(b, ({ state }) => state === 'done')
  await b.client.limits.set({ uploadBytesPerSecond: 0, downloadBytesPerSecond: null, reserveBytes: null })
  await reader.until(() => reader.leaves.size === asked && reader.has.size === LEAVES)
  assert.deepEqual(reader.rejects, [])
  assert.ok(reader.infos.every(({ code }) => code === ExchangeCode.OK))
})

test('a share is removed while somebody reads it', limit, async t => {
  const { b, root, reader, ask } = await chain(t)
  await untilRow(b, ({ state }) => state === 'done')
  await reader.until(() => reader.has.size === LEAVES)
  const asked = ask()
  await reader.until(() => reader.progressBytes > 0)
  await b.client.share.remove({ root })
  await assertHonest(reader, asked)
})

test('a node ends while somebody reads there', limit, async t => {
  const { b, reader, ask } = await chain(t)
  ask()
  await reader.until(() => reader.progressBytes > 0)
  await b[Symbol.asyncDispose]()
  await until(() => reader.closed.length === 1, 'the session is over')
  assert.deepEqual(reader.lies, [])
})
