// Starts Shoal's command line as other programs do, one process a peer, and reads its JSON lines.

import assert from 'node:assert/strict'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DoneLine, ErrorLine, Line, ListeningLine, SharedLine } from './json-lines.ts'
import { Program } from './program.ts'

/** The bundle that `npm run build` makes. */
export const CLI = fileURLToPath(new URL('../out/cli.js', import.meta.url))

export interface PeerOptions {
  /** Data directory. */
  readonly data: string
  /** Anything but loopback only inside a network namespace of the test's own. */
  readonly network?: 'loopback' | 'lan' | 'internet'
  /** Multiaddrs to dial at start. */
  readonly peers?: readonly string[]
  /** Bytes per second. */
  readonly uploadLimit?: number
  readonly downloadLimit?: number
  /** Anything else that the command line knows (PRODUCT.md). */
  readonly more?: readonly string[]
  readonly prefix?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The bundle of a copy of the program. */
  readonly cli?: string
}

export type Peer = Program<Line>

/** Starts `shoal ARGS` on a data directory, over loopback unless told otherwise, printing JSON lines. Ended by the caller's scope. */
export function startPeer(args: readonly string[], options: PeerOptions): Peer {
  const flags = ['--data', options.data, '--network', options.network ?? 'loopback', '--json']
  for (const addr of options.peers ?? []) flags.push('--peer', addr)
  if (options.uploadLimit != null) flags.push('--upload-limit', String(options.uploadLimit))
  if (options.downloadLimit != null) flags.push('--download-limit', String(options.downloadLimit))
  return new Program<Line>({
    args: [options.cli ?? CLI, ...args, ...flags, ...(options.more ?? [])],
    log: path.join(options.cwd ?? '', options.data, 'logs', 'shoal.jsonl'),
    ...(options.prefix == null ? {} : { prefix: options.prefix }),
    ...(options.cwd == null ? {} : { cwd: options.cwd }),
    ...(options.env == null ? {} : { env: options.env })
  })
}

export const startShare = (paths: readonly string[], options: PeerOptions): Peer =>
  startPeer(['share', ...paths], options)

/** `out` is the folder to save to. */
export const startGet = (link: string, out: string, options: PeerOptions): Peer =>
  startPeer(['get', link, '-o', out], options)

export const startServe = (options: PeerOptions): Peer => startPeer(['serve', '--port', '0', '--no-open'], options)

/** What a peer that shares has said once others can come: its link and where it listens. */
export async function untilShared(
  peer: Peer,
  deadlineMs = 60_000
): Promise<{ shared: SharedLine; listening: ListeningLine }> {
  const shared = await peer.line('shared', () => true, deadlineMs)
  return { shared, listening: await peer.line('listening') }
}

/** One address another peer on this machine can dial. */
export async function addressOf(peer: Peer): Promise<string> {
  const { addrs } = await peer.line('listening')
  const addr = addrs.find(it => it.includes('/ip4/127.')) ?? addrs[0]
  if (addr == null) throw peer.failure('listens nowhere')
  return addr
}

/** Waits for the end, which must be a good one, and returns what `get` says last. */
export async function untilDone(peer: Peer, deadlineMs = 60_000): Promise<DoneLine> {
  const done = await peer.line('done', () => true, deadlineMs)
  const { code } = await peer.finish(10_000)
  if (code !== 0) throw peer.failure('said done and then did not exit with 0')
  return done
}

/** Waits for the end, which must be this exit status with this code and a sentence for people. */
export async function untilFailed(peer: Peer, exit: number, code: string, deadlineMs = 60_000): Promise<ErrorLine> {
  const ended = await peer.finish(deadlineMs)
  const error = peer.lines.find(line => line.event === 'error')
  if (ended.code !== exit || error?.code !== code) throw peer.failure(`should have ended with ${exit} ${code}`)
  assert.match(error.message, /^\S.{8,}/s, 'a sentence says what happened')
  assert.doesNotMatch(error.message, /\n\s+at /, 'no stack trace on the screen')
  return error
}

/** The last `bytes` of a fetch seen so far; 0 before the first. */
export function bytesOf(peer: Peer): number {
  const progress = peer.lines.findLast(
    line => line.event === 'progress' && (line.phase === 'fetch' || line.phase === 'find')
  )
  return progress?.event === 'progress' ? (progress.bytes ?? 0) : 0
}

/** Payload that arrived in this run, by the last line that says so. */
export function receivedOf(peer: Peer): number {
  const line = peer.lines.findLast(it => it.event === 'done' || (it.event === 'progress' && it.received != null))
  return line?.event === 'done' || line?.event === 'progress' ? (line.received ?? 0) : 0
}

/** Until a fetch has verified and written at least so much. */
export async function untilBytes(peer: Peer, bytes: number, deadlineMs = 60_000): Promise<void> {
  await peer.until(`${bytes} bytes fetched`, () => (bytesOf(peer) >= bytes ? true : undefined), deadlineMs)
}

/** The same link for somebody who was not told where to look. */
export function withoutAddresses(link: string): string {
  const [root = '', hints = ''] = link.split('?', 2)
  const kept = hints.split('&').filter(hint => hint !== '' && !hint.startsWith('a='))
  return kept.length === 0 ? root : `${root}?${kept.join('&')}`
}

/** Runs a command that ends by itself. */
export async function runPeer(args: readonly string[], options: PeerOptions, deadlineMs = 30_000): Promise<Peer> {
  const peer = startPeer(args, options)
  await peer.finish(deadlineMs)
  return peer
}
