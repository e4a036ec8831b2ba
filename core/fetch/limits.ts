// The figures of DESIGN.md, "Flow and fairness" and "Peers that misbehave", that the requesting side keeps to, in one place.

import { EXTENT_BYTES } from '../content/limits.ts'

export { EXTENT_BYTES }
/** Requested of one peer and not yet here. */
export const MAX_PEER_OUT_BYTES = 16 * EXTENT_BYTES
/** Requested of all peers and not yet here; the write queue may allow less. */
export const MAX_OUT_BYTES = 48 * EXTENT_BYTES
/** A server refuses more runs than this in its queue (Reject LIMIT). */
export const MAX_PEER_RUNS = 64
/** Bounds the bookkeeping when leaves are tiny, and what is asked for in one go. */
export const MAX_PEER_LEAVES = 8_192
export const MAX_REQUEST_RUNS = 32

export const WINDOW_MS = 500
export const SNUBBED_MS = 10_000
export const BACKOFF_AFTER_MS = 60_000
export const BACKOFF_MS = 30_000
export const MAX_BACKOFF_MS = 15 * 60_000

export const STRIKES = 3
export const STRIKE_MS = 10 * 60_000
export const WRONG_STRIKE = 1
export const NOT_HAVE_STRIKE = 0.25 // once a request

/** What a stranger may ask us to wait, and what we wait when it does not say. */
export const MAX_RETRY_MS = 60_000
export const DEFAULT_RETRY_MS = 1_000
export const MIN_RETRY_MS = 50

/** A leaf that a peer could not read is asked of it again after this, then after twice as long each time, at most MAX_RETRY_MS. */
export const UNREAD_RETRY_MS = 1_000
/** Leaves that one peer could not read: with more than that it is left alone as a whole for a while. */
export const MAX_UNREAD = 1_024

/** Times between two ticks that one peer's word (Have, Choke, Reject) makes us look at once who could be asked; then the tick looks. */
export const MAX_LOOKS = 64

/** Steps between two ticks that bitmaps of one peer may cost beyond their own length; what it says after that waits for the tick, as one bitmap. */
export const MAX_HAVE_WORK = 262_144

/** The first extents of a transfer are random, so that getters that start together soon differ. */
export const RANDOM_EXTENTS = 4
/** Somebody idle takes a leaf over when it would deliver that many times sooner. */
export const SOONER = 4
/** A peer that is silent this long (or 4 RTT) counts as infinitely slow when somebody idle could help. */
export const SILENT_MS = 2_000
/** End-game duplicates of a transfer, as a share of its bytes; at least one extent. */
export const DUPLICATE_SHARE = 0.01
