// A peer that speaks the protocol by hand, for tests of what a well-behaved one would not say or would not show.
import type { BulkPort } from '../exchange/bulk-link.ts'
import { ControlReader, controlFrame } from '../exchange/control-frames.ts'
import { BatchWriter, DataReader, type FrameHeader } from '../exchange/data-frames.ts'
import { duplexPair, type PairEnd } from './duplex-pair.ts'
import type { Duplex, PeerPipe } from '../exchange/duplex.ts'
import type { ControlMessage, ControlType } from '../exchange/messages.ts'

type Of<T extends ControlType> = Extract<ControlMessage, { type: T }>

/** Everything that arrives on a control stream and a data stream, and a way to send anything. */
export class RawPeer {
  readonly control: PairEnd
  readonly data: PairEnd
  readonly messages: ControlMessage[] = []
  readonly frames: { header: FrameHeader; payload: Uint8Array }[] = []
  ended = false
  /** Called after a message was written down. */
  onMessage: (message: ControlMessage) => void = () => {}

  constructor(control: PairEnd, data: PairEnd) {
    this.control = control
    this.data = data
    const reader = new ControlReader(message => {
      if (message != null) this.messages.push(message)
      if (message != null) this.onMessage(message)
    })
    control.onBytes(bytes => reader.push(bytes))
    control.onEnd(() => (this.ended = true))
  }

  /** Reads the data stream as frames from now on. */
  readFrames(): void {
    const frames = new DataReader({
      begin: header => new Uint8Array(header.length),
      end: (header, payload) => this.frames.push({ header: { ...header }, payload: payload ?? new Uint8Array(0) })
    })
    this.data.onBytes(bytes => frames.push(bytes))
    this.data.onEnd(() => {})
  }

  send(message: ControlMessage): void {
    this.control.send(controlFrame(message))
  }

  /** A data frame of any header, true or not. */
  sendFrame(header: Partial<FrameHeader>, payload: Uint8Array): void {
    const batch = new BatchWriter()
    const whole = { request: 1, ordinal: 0, offset: 0, flags: 4, length: payload.length, ...header }
    batch.add({ ...whole, length: payload.length }, 0).set(payload)
    const bytes = batch.take() ?? new Uint8Array(0)
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, whole.length)
    this.data.send(bytes)
  }

  last<T extends ControlType>(type: T): Of<T> | undefined {
    return this.messages.findLast((it): it is Of<T> => it.type === type)
  }

  all<T extends ControlType>(type: T): Of<T>[] {
    return this.messages.filter((it): it is Of<T> => it.type === type)
  }
}

const HELLO = {
  type: 'hello',
  version: 1,
  features: [],
  maxOutBytes: 0,
  maxRequests: 0,
  agent: 'raw',
  name: ''
} as const

/** A raw requester at a server: Hello said, data stream open, a root open as sid 1 when given. */
export async function rawRequester(
  server: { handleControl(duplex: Duplex, peer: PeerPipe): void; handleData(duplex: Duplex, peer: PeerPipe): void },
  options: { root?: Uint8Array; peerId?: string; isLan?: boolean; highWater?: number; bulk?: BulkPort } = {}
): Promise<RawPeer> {
  const [control, farControl] = duplexPair()
  const [data, farData] = duplexPair(options.highWater)
  const pipe: PeerPipe = {
    peerId: options.peerId ?? 'raw',
    remoteAddr: '/memory/0',
    isLan: options.isLan ?? true,
    rttMs: 1,
    bulk: options.bulk,
    open: () => Promise.reject(new Error('This pipe goes one way'))
  }
  const peer = new RawPeer(control, data)
  server.handleControl(farControl, pipe)
  peer.send({ ...HELLO, nonce: new Uint8Array(0) })
  await until(() => peer.last('hello') != null)
  server.handleData(farData, pipe)
  peer.readFrames()
  data.send(peer.last('hello')?.nonce ?? new Uint8Array(0))
  if (options.root != null) {
    peer.send({ type: 'open', sid: 1, root: options.root })
    await until(() => peer.last('info') != null)
  }
  return peer
}

/** A pipe to a raw server: Hello is answered and a root of `leaves` leaves announced; the rest is up to the test. */
export function rawServer(leaves: number, features: number[] = []): { pipe: PeerPipe; server: () => RawPeer } {
  const [nearControl, control] = duplexPair()
  const [nearData, data] = duplexPair()
  const server = new RawPeer(control, data)
  const pipe: PeerPipe = {
    peerId: 'raw server',
    remoteAddr: '/memory/1',
    isLan: true,
    rttMs: 1,
    open: async protocol => {
      if (protocol === 'data') return nearData
      server.send({ ...HELLO, features, nonce: new Uint8Array(16) })
      server.send({ type: 'choke', choke: false, slotsBytes: 1 })
      return nearControl
    }
  }
  data.onBytes(() => {})
  server.onMessage = message => message.type === 'open' && message.sid === 1 && server.send(rawInfo(leaves))
  return { pipe, server: () => server }
}

/** Info for sid 1. */
export function rawInfo(leaves: number): Of<'info'> {
  const hints = { size: 1000, leaves, skeletonBytes: 100, retryMs: 0, name: '' }
  return { type: 'info', sid: 1, code: 0, state: 0, root: new Uint8Array(0), ...hints }
}

/** Looks each turn of the event loop, with a deadline. */
export async function until(condition: () => boolean, ms = 60_000): Promise<void> {
  for (const end = performance.now() + ms; !condition();) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${condition.toString()}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
