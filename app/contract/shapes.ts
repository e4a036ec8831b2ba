// The values that cross to a UI or to the command line. A field that is not known is null, never missing, so that a row can be printed as it is.
// Bytes are bytes, rates bytes per second, times milliseconds since 1970 (display only), lengths limited where a client chooses them.
import { z } from 'zod'
import { CODES } from '../../core/errors.ts'
import {
  ACTIVE_DOWNLOADS,
  type Bounds,
  CONNECTIONS,
  FULL_CELL,
  MAX_DEVICE_NAME_CHARS,
  MAX_LINK_CHARS
} from './limits.ts'

const MAX_PATH_CHARS = 4096
const MAX_NAME_CHARS = 255

const bytes = z.int().min(0)
const rate = z.number().min(0)
const within = ([least, most]: Bounds) => z.int().min(least).max(most)
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable()

/** CIDv1, base32 lower case: the only text form of a root that crosses. */
export const Root = z.string().regex(/^b[a-z2-7]{20,200}$/)
/** Names a share that is being indexed; good until the engine stops. */
export const JobId = z.string().min(1).max(64)
/** Names a transfer; the same after a restart. */
export const TransferId = z.string().min(1).max(128)
/** A one-use ticket for a path. */
export const Grant = z.uuid()
export const LinkText = z.string().max(MAX_LINK_CHARS)
export const AddrText = z.string().min(1).max(1024)
export const NetworkMode = z.enum(['loopback', 'lan', 'internet'])
export type NetworkMode = z.infer<typeof NetworkMode>

export const WireError = z.object({ code: z.enum(CODES), message: z.string() })
export type WireError = z.infer<typeof WireError>

/** Something the user offers; keyed by root. */
export const Share = z.object({
  root: Root,
  name: z.string(),
  bytes,
  files: bytes,
  hereBytes: bytes, // of what stands on this device: less than `bytes` when only some files were chosen
  hereFiles: bytes,
  state: z.enum(['ready', 'indexing', 'changed', 'missing']),
  origin: z.enum(['shared', 'received']),
  addedAt: z.number(),
  copies: bytes, // complete copies known elsewhere
  readers: bytes, // peers fetching it now
  rateOut: rate,
  sentBytes: bytes, // since this node started
  job: maybe(JobId) // that made it, or made it anew, since this node started
})
export type Share = z.infer<typeof Share>

/** Who else has a share or is getting it, as far as they are connected. */
export const ShareDetails = z.object({
  root: Root,
  others: z.array(z.object({ peerId: z.string(), name: z.string(), isComplete: z.boolean() })).max(100)
})
export type ShareDetails = z.infer<typeof ShareDetails>

/** A share in the making; keyed by job. Gone from the list ten seconds after it ended. */
export const ShareJob = z.object({
  job: JobId,
  name: z.string(),
  state: z.enum(['indexing', 'done', 'failed', 'cancelled']),
  bytes,
  total: maybe(bytes),
  files: bytes,
  rate, // 0 when nothing was read for a while
  secondsLeft: maybe(z.number()), // smoothed; null before 3 s of data
  root: maybe(Root),
  /** Done: what was left out, links that lead outside, sockets, devices. Failed: what cannot be read; `share.withoutUnreadable` shares the rest. */
  leftOut: maybe(z.object({ count: bytes, names: z.array(z.string()).max(10) })), // paths inside the share
  error: maybe(WireError)
})
export type ShareJob = z.infer<typeof ShareJob>

/** What the follower of one share job gets: progress at most ten times a second, then `shared`. A failure is thrown with its code. */
export const ShareEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), bytes, total: maybe(bytes), rate, files: bytes }),
  z.object({
    type: z.literal('shared'),
    root: Root,
    link: z.string(),
    name: z.string(),
    bytes,
    files: bytes,
    seconds: z.number(),
    leftOut: z.array(z.object({ path: z.string(), reason: z.string() })) // at most 100, relative to the share
  })
])
export type ShareEvent = z.infer<typeof ShareEvent>

export const VerifyEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), bytes, total: maybe(bytes), rate }),
  z.object({ type: z.literal('verified'), root: Root, bytes, bad: z.array(z.string()) }) // paths inside the share
])
export type VerifyEvent = z.infer<typeof VerifyEvent>

export const TransferState = z.enum([
  'queued', // it waits for its turn: as many as may receive at once do
  'finding', // nobody who has it is connected yet
  'fetching',
  'verifying', // what is on the disk is re-hashed, or the end is being written
  'waiting', // nobody can send what is missing
  'paused',
  'done',
  'failed',
  'disk-full'
])
export type TransferState = z.infer<typeof TransferState>

/** The user's download of one root; persistent; keyed by id. */
export const Transfer = z.object({
  id: TransferId,
  root: Root,
  name: z.string(),
  state: TransferState,
  bytes, // verified and written, of what was chosen
  total: maybe(bytes),
  rate,
  secondsLeft: maybe(z.number()), // smoothed; null before 3 s of data
  received: bytes, // payload that arrived since this node started
  duplicate: bytes,
  sources: bytes, // peers sending now
  from: z.array(z.string()), // names of up to three of them
  place: maybe(z.int().min(1)), // in the queue, while it waits there
  waitingFor: maybe(z.enum(['peers', 'bytes', 'disk'])), // why nothing moves, after 5 s without bytes
  error: maybe(WireError),
  addedAt: z.number(),
  folder: z.string(), // the name of the folder it goes to, without what is above it
  path: maybe(z.string()) // the command line's door only; null at every other
})
export type Transfer = z.infer<typeof Transfer>

/** What the follower of one transfer gets, at most ten a second; ends with `done` or `paused`. A failure is thrown with its code. */
export const TransferEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['find', 'fetch', 'verify']),
    root: Root,
    bytes,
    total: maybe(bytes),
    rate,
    received: bytes,
    duplicate: bytes
  }),
  z.object({ type: z.literal('paused'), root: Root }), // paused or cancelled by somebody else
  z.object({
    type: z.literal('done'),
    root: Root,
    path: maybe(z.string()), // the command line's door only
    bytes,
    seconds: z.number(),
    received: bytes,
    duplicate: bytes,
    sources: bytes // peers that gave at least one block
  })
])
export type TransferEvent = z.infer<typeof TransferEvent>

/** What is known of a link before it is got; sent again as more is learned, the last one has `ready`. */
export const Preview = z.object({
  root: Root,
  name: z.string(),
  bytes: maybe(bytes), // a hint until ready
  files: maybe(bytes),
  ready: z.boolean(), // the skeleton is here and verified: `transfer.files` answers
  held: z.boolean(), // this device has all of it already
  hereBytes: bytes, // of what getting it into the default folder would bring: in its `.part`, or got earlier
  asked: z.array(z.string()).max(16), // IP addresses in the link that are asked what it holds
  askedLater: bytes, // how many more are dialled only when it is got: private networks that this device is not in itself, and names
  entries: maybe(bytes) // files, folders and symlinks: what MANY_FILES counts
})
export type Preview = z.infer<typeof Preview>

export const FileRow = z.object({
  index: bytes, // what `selection` names
  path: z.array(z.string()),
  bytes,
  haveBytes: bytes,
  chosen: z.boolean(), // false: not asked for, so it is not here and will not come
  renamedFrom: maybe(z.string())
})
export type FileRow = z.infer<typeof FileRow>

export const TransferDetails = z.object({
  id: TransferId,
  sources: z.array(
    z.object({ peerId: z.string(), name: z.string(), direct: z.boolean(), rate, bytes, share: z.number() }) // share: 0..1 of the leaves it has
  ),
  map: z.object({ extents: bytes, cells: z.array(z.int().min(0).max(FULL_CELL)).max(1024) }), // a cell: how much of its extents is written, FULL_CELL = all
  rates: z.array(rate).max(300) // one a second, newest last
})
export type TransferDetails = z.infer<typeof TransferDetails>

export const Via = z.enum(['link', 'peer', 'mdns', 'dht', 'pex', 'inbound'])

/** Somebody connected who speaks the exchange protocol; keyed by peerId. */
export const Peer = z.object({
  peerId: z.string(),
  name: z.string(),
  addrs: z.array(z.string()),
  via: Via,
  direct: z.boolean(),
  nearby: z.boolean(),
  latencyMs: maybe(z.number()),
  rateIn: rate,
  rateOut: rate
})
export type Peer = z.infer<typeof Peer>

/** Somebody refused for a day; keyed by peerId. */
export const Ban = z.object({
  peerId: z.string(),
  name: z.string(), // '' when it is not known
  reason: z.enum(['wrong-bytes', 'refused']), // sent other data than the link names; refused what it had offered (forgotten at the end of this run)
  until: z.number()
})
export type Ban = z.infer<typeof Ban>

export const NodeInfo = z.object({
  version: z.string(),
  name: z.string(),
  peerId: z.string(),
  addrs: z.array(z.string()), // with /p2p/, the ones the mode allows
  listen: z.array(z.string()), // as asked for, to tell whether another --listen is meant
  network: NetworkMode,
  ownDisk: z.enum(['ok', 'full']) // of the data directory: while it is full downloads wait, and nothing new can be begun
})
export type NodeInfo = z.infer<typeof NodeInfo>

/** One line about the network's health; a small feed of whole snapshots. */
export const NodeStatus = z.object({
  ...NodeInfo.shape,
  state: z.enum(['alone', 'connected', 'offline']),
  peers: bytes,
  nearby: bytes,
  rateIn: rate,
  rateOut: rate
})
export type NodeStatus = z.infer<typeof NodeStatus>

/** Rates in bytes per second, 0 = none. Null in `set`: leave as it is. */
export const Limits = z.object({
  uploadBytesPerSecond: maybe(bytes),
  downloadBytesPerSecond: maybe(bytes),
  reserveBytes: maybe(bytes) // disk space to leave free; null: max(1 %, 1 GiB)
})
export type Limits = z.infer<typeof Limits>

/** What a UI may see and change. The listening port and the folder stay inside; a folder is changed by a grant. */
export const Settings = z.object({
  name: z.string().trim().min(1).max(MAX_DEVICE_NAME_CHARS),
  network: maybe(NetworkMode), // null: not chosen yet
  uploadBytesPerSecond: bytes,
  downloadBytesPerSecond: bytes,
  reserveBytes: maybe(bytes),
  maxConnections: within(CONNECTIONS),
  keepSharing: z.boolean(),
  activeDownloads: within(ACTIVE_DOWNLOADS)
})
export type Settings = z.infer<typeof Settings>

/** As they are before anything is chosen. The name is made up once for each device. */
export const DEFAULT_SETTINGS: Omit<Settings, 'name'> = {
  network: null,
  uploadBytesPerSecond: 0,
  downloadBytesPerSecond: 0,
  reserveBytes: null,
  maxConnections: 150,
  keepSharing: true,
  activeDownloads: 5
}

/** A folder that the host was started with (`--folder`) and that a browser may choose from. */
export const Folder = z.object({
  id: z.int().min(0),
  name: z.string(),
  roomBytes: maybe(bytes) // for what is still to come there: free, and not to be left free
})
export const Storage = z.object({
  /** `folder`: its id among `grant.folders`; null: it is not one of them. */
  downloads: z.object({ name: z.string(), folder: maybe(z.int().min(0)), roomBytes: maybe(bytes) }),
  indexBytes: bytes // of the database: no file of the user's is in there
})
export type Storage = z.infer<typeof Storage>
export const FolderEntry = z.object({ name: z.string(), kind: z.enum(['file', 'folder']), bytes })
export const PathInside = z.array(z.string().min(1).max(MAX_NAME_CHARS)).max(256)
export const AbsolutePath = z.string().min(1).max(MAX_PATH_CHARS)

/**
 * A list as it crosses: the whole first, then what changed. Sequence numbers rise by one;
 * who sees one missing asks again and gets the whole.
 */
export const listUpdate = <Row extends z.ZodType>(row: Row) =>
  z.object({ seq: z.int().min(0), whole: z.boolean(), rows: z.array(row), removed: z.array(z.string()) })
export interface ListUpdate<Row> {
  seq: number
  whole: boolean
  rows: Row[]
  removed: string[] // keys
}
