// Everything that may cross to a UI or to the command line stands here, once. Adding a line is the only way to add a call, and the compiler then asks
// for its handler (service.ts). Inputs are limited here, before anybody acts on them. What goes on for long is a job of its own: the call names it
// and returns, a feed shows it, another call stops it, and a client that goes away stops nothing.
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { MAX_PAGE_ROWS } from './limits.ts'
import {
  Ban,
  AbsolutePath,
  AddrText,
  FileRow,
  Folder,
  FolderEntry,
  Grant,
  JobId,
  Limits,
  LinkText,
  listUpdate,
  NodeInfo,
  NodeStatus,
  PathInside,
  Peer,
  Preview,
  Root,
  Settings,
  Share,
  ShareDetails,
  ShareEvent,
  ShareJob,
  Storage,
  Transfer,
  TransferDetails,
  TransferEvent,
  TransferId,
  VerifyEvent
} from './shapes.ts'

const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => oc.input(input).output(output)
/** Values as they change, at most ten a second, one in flight: a slow reader gets the newest state, never a queue. */
const feed = <I extends z.ZodType, O extends z.ZodType>(input: I, value: O) =>
  oc.input(input).output(eventIterator(value))

const nothing = z.object({})
const byRoot = z.object({ root: Root })
const byTransfer = z.object({ id: TransferId })
const done = z.object({})

export const contract = {
  node: {
    info: call(nothing, NodeInfo),
    status: feed(nothing, NodeStatus),
    /** Dials one address now and remembers it for this run. Throws no-providers when nobody answers there, forbidden when the mode does not allow it. */
    dial: call(z.object({ addr: AddrText }), done)
  },
  share: {
    /** One grant: its own root; several: a folder holding them by base name (twins: usage). */
    create: call(
      z.object({ grants: z.array(Grant).min(1).max(10_000), skipUnreadable: z.boolean() }),
      z.object({ job: JobId })
    ),
    /** Shares what stands where this share came from as it is now; when that is something else, this share goes. Throws not-found. */
    again: call(byRoot, z.object({ job: JobId })),
    /** What a job that failed with `leftOut` was to share, without what cannot be read. Throws not-found ten minutes after it failed. */
    withoutUnreadable: call(z.object({ job: JobId }), z.object({ job: JobId })),
    follow: feed(z.object({ job: JobId }), ShareEvent),
    cancel: call(z.object({ job: JobId }), done),
    jobs: feed(nothing, z.array(ShareJob)),
    list: call(nothing, z.array(Share)),
    feed: feed(nothing, listUpdate(Share)),
    details: feed(byRoot, ShareDetails),
    link: call(byRoot, z.object({ link: LinkText })),
    /** Where the first copy of it stands. The command line's door only; every other is told forbidden. Throws not-found. */
    where: call(byRoot, z.object({ path: z.string() })),
    /** Forgets the share; touches no user file. Throws not-found. */
    remove: call(byRoot, done),
    /** What is sent of it at most, for this run; 0 = none. Answers what holds; null changes nothing. Throws not-found. */
    limit: call(
      z.object({ root: Root, uploadBytesPerSecond: z.int().min(0).nullable() }),
      z.object({ uploadBytesPerSecond: z.int() })
    ),
    /** One file of a share that is ready. Like `read` the host's own door only; every other is told forbidden. Throws not-found. */
    file: call(
      z.object({ root: Root, index: z.int().min(0) }),
      z.object({ path: z.array(z.string()), bytes: z.int().min(0) })
    ),
    /** Its bytes from `offset` to the end of one leaf, verified as they are read; empty at the end. Throws not-found, source-changed, unreadable. */
    read: call(
      z.object({ root: Root, index: z.int().min(0), offset: z.int().min(0) }),
      z.object({ data: z.string() }) // base64
    ),
    /** Re-hashes everything, for as long as somebody listens. Throws not-found. */
    verify: feed(byRoot, VerifyEvent)
  },
  transfer: {
    /** Finds out what a link holds, for as long as somebody listens. Starts no download. */
    preview: feed(z.object({ link: LinkText }), Preview),
    /** A page of the file tree of a root that was previewed or is being got. Throws not-found. */
    files: call(
      z.object({ root: Root, offset: z.int().min(0), limit: z.int().min(1).max(MAX_PAGE_ROWS) }),
      z.object({ total: z.int(), rows: z.array(FileRow) })
    ),
    /**
     * Starts, or goes on with, the transfer of this root into this folder. `folder` null: the default one. `selection`: file indexes, null: all.
     * `giveUpAfterMs`: fails when for that long, from its first turn on, nobody could send anything still missing; null: waits for ever.
     * `first`: before the others that wait, and in place of one that receives if need be.
     * `manyFiles`: also when they are more than MANY_FILES; without, such a download ends with too-large.
     */
    start: call(
      z.object({
        link: LinkText,
        folder: Grant.nullable(),
        selection: z.array(z.int().min(0)).max(1_000_000).nullable(),
        addrs: z.array(AddrText).max(64),
        giveUpAfterMs: z.int().min(0).max(2_147_483_647).nullable(),
        first: z.boolean().optional(),
        manyFiles: z.boolean().optional()
      }),
      z.object({ id: TransferId, root: Root })
    ),
    follow: feed(byTransfer, TransferEvent),
    pause: call(byTransfer, done),
    resume: call(byTransfer, done),
    /** Receives now, in place of another one if need be; goes on if it rests. Throws not-found. */
    startNow: call(byTransfer, done),
    /** Its place in the queue: before another one that waits, or at the end (null). Of one that does not wait nothing changes. Throws not-found. */
    move: call(z.object({ id: TransferId, before: TransferId.nullable() }), done),
    /** Goes on at once, also where the disk was full. */
    retry: call(byTransfer, done),
    /** The link it was started with, with every address that is known. Throws not-found. */
    link: call(byTransfer, z.object({ link: LinkText })),
    /** Stops it and removes the `.part` it made. */
    cancel: call(byTransfer, done),
    /** Takes a finished or failed one off the list; touches no file. */
    remove: call(byTransfer, done),
    /** What is received of it at most, until it is done or paused; 0 = none. Answers what holds; null changes nothing. Throws not-found. */
    limit: call(
      z.object({ id: TransferId, downloadBytesPerSecond: z.int().min(0).nullable() }),
      z.object({ downloadBytesPerSecond: z.int() })
    ),
    list: call(nothing, z.array(Transfer)),
    feed: feed(nothing, listUpdate(Transfer)),
    details: feed(byTransfer, TransferDetails)
  },
  peer: {
    list: call(nothing, z.array(Peer)),
    feed: feed(nothing, listUpdate(Peer)),
    bans: feed(nothing, listUpdate(Ban)),
    /** Lifts the ban of a peer. Throws not-found. */
    allow: call(z.object({ peerId: z.string().min(1).max(128) }), done)
  },
  settings: {
    get: call(nothing, Settings),
    /** Only the named ones change. `downloads`: a grant for a folder. */
    set: call(Settings.partial().extend({ downloads: Grant.optional() }), Settings),
    feed: feed(nothing, Settings),
    /** Where downloads go and what Shoal itself takes; asked when it is shown. */
    storage: call(nothing, Storage)
  },
  limits: {
    /** For this run only; what is saved stays. What holds now. */
    set: call(Limits, Limits)
  },
  grant: {
    /** Turns absolute paths into one-use grants. The command line's door only; every other is told forbidden. */
    paths: call(
      z.object({ paths: z.array(AbsolutePath).min(1).max(10_000), use: z.enum(['read', 'write']) }),
      z.object({ grants: z.array(Grant) })
    ),
    /** A grant for something inside a folder the host was started with. */
    inside: call(
      z.object({ folder: z.int().min(0), path: PathInside, use: z.enum(['read', 'write']) }),
      z.object({ grant: Grant })
    ),
    folders: call(nothing, z.array(Folder)),
    /** One more of those folders, for this run: the user chose it in a dialog of the system. The command line's door only. Throws forbidden, usage. */
    addFolder: call(z.object({ path: AbsolutePath }), z.object({ folder: Folder })),
    entries: call(z.object({ folder: z.int().min(0), path: PathInside }), z.array(FolderEntry))
  },
  app: {
    /** What a page wants to have in the log; cut, and never more than a few a second. */
    log: call(z.object({ level: z.enum(['info', 'error']), message: z.string().max(2000) }), done),
    /** A link to something small that a second node on this machine shares, for the next ten minutes. Throws no-providers without a network. */
    welcome: call(nothing, z.object({ link: LinkText }))
  }
}
export type Contract = typeof contract
