// One server, one peer that asks it by hand, and what became of everything it asked for: for tests of the serving side.
import assert from 'node:assert/strict'
import { Flags, packedLeaves } from '../exchange/data-frames.ts'
import type { ControlMessage } from '../exchange/messages.ts'
import { rawRequester, type RawPeer } from './raw-peer.ts'
import type { UploadLimiter } from '../exchange/upload-limiter.ts'
import { type SampleServable, SampleServables } from './sample-servable.ts'
import { openExchangeServer } from '../exchange/server.ts'
import type { SteppedClock } from './stepped-clock.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

/** A hundred leaves of 1 MiB. */
export const MANY = Array.from({ length: 100 }, () => MIB)

/** What happened to every ordinal of every request: 'sent' or a code, once each. Fails on a second answer. */
export function answers(peer: RawPeer): Map<string, string> {
  const told = new Map<string, string>()
  const tell = (req: number, ordinal: number, what: string) => {
    const key = `${req}/${ordinal}`
    assert.equal(told.get(key), undefined, `${key}: ${what} after ${told.get(key)}`)
    told.set(key, what)
  }
  for (const { header, payload } of peer.frames) {
    if (header.flags === Flags.PACKED) {
      let ordinal = header.ordinal
      for (const _ of packedLeaves(payload, header.offset)) tell(header.request, ordinal++, 'sent')
    } else if ((header.flags & Flags.LAST) !== 0) {
      tell(header.request, header.ordinal, 'sent')
    }
  }
  for (const it of peer.all('reject')) for (let i = 0; i < it.count; i++) tell(it.req, it.ordinal + i, String(it.code))
  return told
}

export function cancel(it: Partial<ControlMessage & { type: 'cancel' }>): ControlMessage {
  return { type: 'cancel', reqs: [], runs: [], sid: 0, all: false, ...it }
}

/** One server of one servable, and one raw requester. */
export async function meet(
  servable: SampleServable,
  options: { clock?: SteppedClock; isLan?: boolean; highWater?: number; budget?: UploadLimiter } = {}
) {
  const stack = new AsyncDisposableStack()
  const { clock, budget, ...raw } = options
  const server = stack.use(
    openExchangeServer({
      servables: new SampleServables(servable),
      agent: 's',
      ...(clock == null ? {} : { clock }),
      ...(budget == null ? {} : { budget })
    })
  )
  const peer = await rawRequester(server, { root: servable.root.bytes, ...raw })
  return { server, peer, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
