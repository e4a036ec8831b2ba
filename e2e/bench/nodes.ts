// Running nodes, and what a `get` by some of them takes: how long, and of whom how much CPU and memory.

import { setTimeout as delay } from 'node:timers/promises'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { WebSocket } from 'ws'
import { type Client, openClient } from '../../app/engine/client.ts'
import { readRunFile } from '../../app/host/run-file.ts'
import { PROTOCOL } from '../../app/host/server.ts'
import type { DoneLine } from '../json-lines.ts'
import { type Peer, type PeerOptions, startGet, startServe, startShare, untilDone, untilShared } from '../peer.ts'
import { endedChildrenCpuSeconds, forgetPeak } from '../procfs.ts'
import type { Scratch } from '../scratch.ts'

export const DEADLINE_MS = 1_800_000
const MIB = 1_048_576

export type NodeOptions = Omit<PeerOptions, 'data'>

export interface RunningNode extends AsyncDisposable {
  readonly peer: Peer
  readonly dataDir: string
  /** Where it saves to. */
  readonly out: string
}

/** A process that goes on while it is measured. */
type Measured = Pick<Peer, 'pid' | 'usage'>

/** What one transfer took. CPU seconds and MiB of memory at their peak, each of all processes of that side. */
export interface Sample {
  /** From the start of the first program that gets to the end of the last. */
  readonly seconds: number
  readonly senderCpu: number
  readonly receiverCpu: number
  /** Of the processes that stay, the one that took most. */
  readonly senderRss: number
  readonly receiverRss: number
}

/** A node with a data directory of its own, listening. Its folders go with it. */
export async function startNode(scratch: Scratch, name: string, options: NodeOptions = {}): Promise<RunningNode> {
  const [dataDir, out] = [scratch.at(name), scratch.at(`${name} received`)]
  const more = ['--folder', out, '--reserve', '0', ...(options.more ?? [])]
  const peer = startServe({ ...options, data: dataDir, more })
  await peer
    .line('listening', () => true, DEADLINE_MS)
    .catch(async error => {
      await peer[Symbol.asyncDispose]()
      throw error
    })
  return {
    peer,
    dataDir,
    out,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      for (const folder of [dataDir, out]) await rm(folder, { recursive: true, force: true })
    }
  }
}

export async function startNodes(
  scratch: Scratch,
  count: number,
  owner: AsyncDisposableStack,
  options: NodeOptions = {}
): Promise<RunningNode[]> {
  const numbers = Array.from({ length: count }, (_, i) => i)
  return await Promise.all(numbers.map(async i => owner.use(await startNode(scratch, `getter ${i}`, options))))
}

/** Shares what is there, and stays. */
export async function openSeeder(what: string, data: string, owner: AsyncDisposableStack, options: NodeOptions = {}) {
  const peer = owner.use(startShare([what], { ...options, data }))
  const { shared } = await untilShared(peer, DEADLINE_MS)
  return { peer, dataDir: data, link: shared.link, root: shared.root }
}

/** The running nodes get a link, all at once, each asked by a `get` of the command line. */
export async function measureGets(
  seeders: readonly Peer[],
  nodes: readonly RunningNode[],
  link: string,
  options: NodeOptions = {}
): Promise<Sample & { readonly done: readonly DoneLine[] }> {
  const receivers = nodes.map(it => it.peer)
  let done: readonly DoneLine[] = []
  const sample = await measure(seeders, receivers, async () => {
    const clients = nodes.map(({ dataDir, out }) => startGet(link, out, { ...options, data: dataDir }))
    done = await Promise.all(clients.map(async it => await untilDone(it, DEADLINE_MS)))
  })
  return { ...sample, done }
}

/**
 * What it takes until `act` is over. CPU as the kernel counts it for processes, to 10 ms: of those named, which go on running, what they used meanwhile; and
 * for the receiving side all of every program that `act` started and awaited.
 */
export async function measure(
  senders: readonly Measured[],
  receivers: readonly Measured[],
  act: () => Promise<unknown>
): Promise<Sample> {
  for (const { pid } of [...senders, ...receivers]) forgetPeak(pid)
  const cpuOf = (peers: readonly Measured[]): number => peers.reduce((sum, it) => sum + it.usage.cpuSeconds, 0)
  const rssOf = (peers: readonly Measured[]): number =>
    peers.length === 0 ? Number.NaN : Math.max(...peers.map(it => it.usage.peakRssBytes)) / MIB
  const before = { senders: cpuOf(senders), receivers: cpuOf(receivers) + endedChildrenCpuSeconds() }
  const startedAt = performance.now()
  await act()
  const seconds = (performance.now() - startedAt) / 1000
  return {
    seconds,
    senderCpu: cpuOf(senders) - before.senders,
    receiverCpu: cpuOf(receivers) + endedChildrenCpuSeconds() - before.receivers,
    senderRss: rssOf(senders),
    receiverRss: rssOf(receivers)
  }
}

export interface Connected extends AsyncDisposable {
  readonly client: Client
}

/** The contract of a running node, as the command line has it. */
export async function connect(dataDir: string): Promise<Connected> {
  const run = readRunFile(dataDir)
  if (run == null) throw new Error(`Nobody runs on ${path.basename(dataDir)}`)
  const socket = new WebSocket(`ws://127.0.0.1:${run.port}/rpc`, [PROTOCOL, `token.${run.token}`])
  const ended = new Promise(resolve => socket.once('close', resolve))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return {
    client: openClient(socket as unknown as globalThis.WebSocket), // ws has the same members; its event types differ by name
    async [Symbol.asyncDispose]() {
      socket.close()
      await ended
    }
  }
}

/** Milliseconds from the call that starts a transfer to its `done`. */
export async function getOver(client: Client, link: string, directory: string): Promise<number> {
  const { grants } = await client.grant.paths({ paths: [directory], use: 'write' })
  const startedAt = performance.now()
  const asked = { link, folder: grants[0] ?? null, selection: null, addrs: [], giveUpAfterMs: 60_000, first: true }
  const { id } = await client.transfer.start(asked)
  for await (const event of await client.transfer.follow({ id })) {
    if (event.type === 'done') return performance.now() - startedAt
  }
  throw new Error('A transfer ended without being done')
}

/** Milliseconds from the call that begins to share to `shared`, and the link. */
export async function shareOver(client: Client, what: string): Promise<{ ms: number; link: string }> {
  const { grants } = await client.grant.paths({ paths: [what], use: 'read' })
  const startedAt = performance.now()
  const { job } = await client.share.create({ grants, skipUnreadable: false })
  for await (const event of await client.share.follow({ job })) {
    if (event.type === 'shared') return { ms: performance.now() - startedAt, link: event.link }
  }
  throw new Error('A share ended without being shared')
}

/** Asks again and again: for what only a command can tell. */
export async function until(what: string, isSo: () => Promise<boolean>, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Not ${what} within ${deadlineMs} ms`)
    await delay(100)
  }
}
