// Every number of the exchange protocol, once. What a stranger chooses is held against these where it enters.

const KIB = 1024
const MIB = 1024 * KIB

export const PROTOCOL_VERSION = 1

// Wire
/** Payload of a control frame, type byte included: room for 128 KiB of bits, small enough to buffer for 150 peers. */
export const MAX_CONTROL_BYTES = 256 * KIB
/** Payload of a data frame: small enough that a Cancel and another peer's turn wait for little. */
export const MAX_FRAME_BYTES = 64 * KIB
export const DATA_HEADER_BYTES = 20
/** A block any IPFS implementation must accept (DESIGN.md, "Limits of content"). */
export const MAX_BLOCK_BYTES = 2 * MIB
/** Leaves and skeleton nodes of one root (DESIGN.md, "Limits of content"). */
export const MAX_LEAVES = 4 * 1024 * 1024
/** DESIGN.md, "Limits of content". */
export const MAX_SKELETON_BYTES = 1024 * MIB
export const MAX_SKELETON_RANGE = MIB
export const NONCE_BYTES = 16
/** CIDv1 with sha2-256 takes 36 bytes. */
export const MAX_ROOT_BYTES = 64
export const MAX_FEATURES = 32
/** Bytes of UTF-8: as a file name. */
export const MAX_NAME_BYTES = 255
export const MAX_AGENT_BYTES = 128
/** One million leaves a message. */
export const MAX_HAVE_BYTES = 128 * KIB
export const MAX_MESSAGE_RUNS = 64
/** Leaves of one run: an extent of tiny leaves is asked for in several. */
export const MAX_RUN_LEAVES = 64 * KIB
export const MAX_PEX_RECORDS = 16
export const MAX_PEX_RECORD_BYTES = 4 * KIB
/** Fields for unlisted shares, not used yet: read over, never kept. */
export const MAX_RESERVED_BYTES = 64
/** A peer cannot make us wait for longer than a day. */
export const MAX_RETRY_MS = 86_400_000

// Sessions
/** From the opened stream to the Hello. */
export const HELLO_TIMEOUT_MS = 10_000
export const MAX_DATA_STREAMS = 2
/** Roots open at once on one control stream. */
export const MAX_OPEN_ROOTS = 64

// Bulk link
/** Hello names it in `features`. */
export const FEATURE_BULK = 1
/** A bigger leaf takes the link where there is one. */
export const BULK_LEAF_BYTES = 64 * KIB
/** So much has been asked for when a link is: less is not worth a connection. */
export const BULK_WORTH_BYTES = 8 * MIB
/** A limit below it, in bytes per second, keeps to the streams: their frames are finer. */
export const BULK_LEAST_RATE = 10_000_000
export const BULK_TOKEN_BYTES = 16
/** Of the SHA-256 of a certificate. */
export const BULK_CERTIFICATE_BYTES = 32
/** From the offer to the dialled link. */
export const BULK_DIAL_MS = 1_000
/** A token is good for so long. */
export const BULK_ACCEPT_MS = 10_000
/** Nothing moves on a link that has something to move: it is given up. */
export const BULK_STALL_MS = 10_000
/** Links that broke in BULK_BREAKS_MS, or did not come about: then a session keeps to the streams. */
export const BULK_BREAKS = 3
export const BULK_BREAKS_MS = 60_000
/** Leaves handed to a link are remembered up to so many bytes: more than a peer may have outstanding, twice. */
export const BULK_REMEMBERED_BYTES = 64 * MIB

// Flood: a token bucket per direction and peer
export const CONTROL_PER_SECOND = 50
export const CONTROL_BURST = 200
/** One more message for every so many bytes served: who fetches fast may also ask often. */
export const CONTROL_BYTES_PER_TOKEN = 256 * KIB
/** What the answers to one Open may be: Info, Have in pieces (4 × 1 Mi leaves). */
export const CONTROL_PER_OPEN = 6
/** What a requester lets itself send: below the server's limit, whose clock runs apart. */
export const OWN_CONTROL_PER_SECOND = 40
export const OWN_CONTROL_BURST = 150
/** Opens for roots that are not here: a sweep is slowed down to this. */
export const UNKNOWN_OPENS_PER_MINUTE = 10
/** As many at once: a hundred downloads are asked about in one go, twice what may be open together. */
export const UNKNOWN_OPENS_BURST = 2 * MAX_OPEN_ROOTS
/** Opens that came although Info said LIMIT; then the session ends. */
export const UNKNOWN_OPENS_FORGIVEN = 20
export const UNKNOWN_OPENS_FORGIVEN_PER_MINUTE = 2
/** An Open that comes later than this after the first LIMIT was sent by somebody who could have read it: more than any round trip. */
export const LIMIT_UNREAD_MS = 5_000
/** After so long without LIMIT the next one is a first one again. */
export const LIMIT_SPELL_MS = 60_000
// Opens, as a requester paces them: below what a server lets it, whose clock runs apart
/** Open at once. */
export const OWN_OPEN_ROOTS = MAX_OPEN_ROOTS - 4
export const OWN_UNKNOWN_OPENS_BURST = UNKNOWN_OPENS_BURST - 16
export const OWN_UNKNOWN_OPENS_PER_MINUTE = 8
/** Not answered yet: while nobody knows how many unknown roots the peer takes, fewer than the least it forgives (20, for ever, in 0.1.0). */
export const OWN_OPENS_FIRST = 6
/** What every peer takes: 0.1.0 takes so many at once, and ten a minute. */
export const LEAST_UNKNOWN_OPENS_BURST = 10
/** Answers beyond that show a peer that takes many. */
export const OWN_OPENS_PROVEN = 3
/** Not answered yet, of a peer that takes many: a hundred roots in few round trips. */
export const OWN_OPENS_UNANSWERED = 32
/** An Open that is not answered for so long holds up no others. */
export const OPEN_ANSWER_MS = 10_000
/** A root that is not there is asked about again after this, then after twice as long each time. */
export const OPEN_RETRY_MS = 30_000
export const OPEN_MAX_RETRY_MS = 120_000
/** What a peer may ask us to wait for. */
export const OPEN_LONGEST_RETRY_MS = 600_000
/** A root that is not there keeps its place for so long when another one's turn comes again. */
export const OPEN_TURN_MS = 30_000
/** The same for one that is there and of which nothing is asked. */
export const OPEN_IDLE_MS = 60_000
/** Whoever waits for a turn looks this often. */
export const OPEN_LOOK_MS = 1_000
/** An Open taken back before it was answered counts for so long: what the peer says of it may be on its way. */
export const OPEN_UNHEARD_MS = 2_000
/** Roots remembered as served by a peer. */
export const MAX_SERVED_KEYS = 1_024
/** Control bytes a peer leaves unread: then the session ends. */
export const MAX_CONTROL_UNSENT = MIB

// Serving
/** Queued per peer, skeleton ranges included; over it: LIMIT. A want-list is never held in memory. */
export const MAX_QUEUED_RUNS = 64
/** Intervals that cancels may leave of them. */
export const MAX_QUEUED_PIECES = 256
export const MAX_QUEUED_BYTES = 32 * MIB
/** Leaves read and not sent yet, all peers together. */
export const MAX_READ_AHEAD = 16 * MIB
/** The same for one peer: enough to hash one leaf while another is sent. */
export const MAX_PEER_READ_AHEAD = 4 * MIB
/** Handed to the transport and not taken by it, per connection: a Cancel takes effect within this. */
export const MAX_UNSENT = MIB
/** One write: fewer, bigger writes are what libp2p streams are fast with. */
export const BATCH_BYTES = 256 * KIB
/** Deficit round-robin between peers. */
export const QUANTUM_BYTES = 64 * KIB
/** A leaf of at most so many bytes shares a frame with its neighbours. */
export const PACK_LEAF_BYTES = 16 * KIB
/** Leaves in such a frame: what whoever gets it has to do at once. */
export const MAX_PACK_LEAVES = 512
/** A leaf that is read ahead takes at least so much memory, however few bytes it has. */
export const READ_LEAF_BYTES = KIB
/** A reader that takes nothing for so long gives its read-ahead back when others want it; shorter waits are ordinary. */
export const STALL_MS = 100
export const HAVE_INTERVAL_MS = 250
/** Have messages in one interval, all roots of a session: below the flood limit of the other side. */
export const HAVES_PER_INTERVAL = 8
/** Peers from public addresses served at once, and the turn of the one that is tried beside them (BEP 3). */
export const WAN_SLOTS = 8
export const OPTIMISTIC_MS = 30_000
/** When to ask again for a root whose skeleton is still being fetched here. */
export const NOT_YET_RETRY_MS = 2_000
