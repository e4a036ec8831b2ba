// What the scheduler is told and what it asks for.

import type { Run } from '../exchange/codes.ts'
import type { HaveChange } from './pending-have.ts'

/** Why a peer is refused for a day: it sent other bytes than the root's; it refused, again and again, what it had said to hold. */
export type BanReason = 'wrong-bytes' | 'refused'

/** Why a peer did not send: the codes of PROTOCOL.md, "Messages". */
export type RejectReason =
  | 'bad-request'
  | 'denied'
  | 'not-found'
  | 'not-have'
  | 'changed'
  | 'busy'
  | 'limit'
  | 'cancelled'
  | 'io'
  | 'shutdown'
  | 'unsupported'
  | 'protocol'

/** Facts, in the past tense: what a peer did. */
export type PeerInput =
  | { type: 'rtt-measured'; peer: string; rttMs: number }
  | { type: 'have-received'; peer: string; change: HaveChange }
  | { type: 'choke-changed'; peer: string; choked: boolean; slotsBytes: number } // slotsBytes 0: no limit of its own
  | { type: 'bytes-received'; peer: string; ordinal: number; bytes: number } // payload of a leaf that is not whole yet
  | { type: 'leaf-received'; peer: string; ordinal: number } // whole, not verified
  | { type: 'reject-received'; peer: string; start: number; count: number; reason: RejectReason; retryMs: number } // 0: it does not say

/** What happened. */
export type Input =
  | { type: 'peer-opened'; peer: string; rttMs: number } // this root is open there
  | { type: 'peer-left'; peer: string }
  | PeerInput
  | { type: 'peer-forgiven'; peer: string } // the user allows it again: what was held against it is forgotten
  | { type: 'leaf-refuted'; peer: string; ordinal: number } // the accepted leaf has another hash
  | { type: 'leaf-written'; ordinal: number } // verified and at its place, or found on this device
  | { type: 'leaf-lost'; ordinal: number } // could not be written, or cannot be read back: missing again
  | { type: 'room-changed'; bytes: number } // what the write queue would still take; a `leaf-received` takes its share by itself
  | { type: 'limit-changed'; bytesPerSecond: number } // 0: none
  | { type: 'time-passed' }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'stopped' }

/** What is to be done about it. */
export type Effect =
  | { type: 'request'; peer: string; runs: Run[] }
  | { type: 'cancel'; peer: string; runs: Run[] } // nothing more is expected of these; what comes is dropped
  | { type: 'accept'; peer: string; ordinal: number } // answers `leaf-received`: verify and write it; without it: drop the bytes
  | { type: 'ban'; peer: string; reason: BanReason } // three strikes; it is forgotten here already
  | { type: 'starved' } // something is missing and nobody here can send it: find providers
  | { type: 'done' }
