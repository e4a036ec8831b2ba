// The handlers behind the contract: each line of it, and nothing that decides.
import path from 'node:path'
import { parseRoot } from '../../core/cid.ts'
import { CodedError } from '../../core/errors.ts'
import type { DataDirs } from '../../core/files/data-dirs.ts'
import type { Network } from '../../core/network/open-network.ts'
import type { Store } from '../../core/store/store.ts'
import type { Door, Service } from '../contract/service.ts'
import type { NetworkMode, NodeInfo, NodeStatus, Transfer } from '../contract/shapes.ts'
import type { Connections } from './connections.ts'
import { fileListing } from './file-listing.ts'
import type { Folders } from './folders.ts'
import type { Grants } from './grants.ts'
import type { Log } from './log.ts'
import { Previews } from './previews.ts'
import type { RunLimits } from './run-limits.ts'
import { type SettingsFile, shownSettings } from './settings.ts'
import type { ShareJobs } from './share-jobs.ts'
import { readShared, sharedFile } from './share-reader.ts'
import type { Shares } from './shares.ts'
import { ListFeed, ValueFeed } from './snapshot-feed.ts'
import { StatusFeed } from './status-feed.ts'
import type { Transfers } from './transfers.ts'
import type { Welcome } from './welcome.ts'

export interface HandlerParts {
  readonly version: string
  readonly listen: readonly string[]
  readonly mode: NetworkMode
  readonly settings: SettingsFile
  readonly store: Store
  readonly peerId: string
  /** These two are there together, or not at all when offline. */
  readonly network: Network | undefined
  readonly connections: Connections | undefined
  readonly shares: Shares
  readonly jobs: ShareJobs
  readonly transfers: Transfers
  readonly grants: Grants
  readonly folders: Folders
  readonly dataDirs: DataDirs
  readonly limits: RunLimits
  /** The folder for downloads when none is named. */
  readonly downloads: () => string
  /** What the index takes on the disk. */
  readonly indexBytes: () => number
  readonly welcome: Welcome
  /** Told what the user chose. */
  readonly choseNetwork: (chosen: NetworkMode) => void
  readonly log: Log
}

const LOGS_PER_MINUTE = 60

export function createHandlers(parts: HandlerParts): Service {
  const { settings, store, network, connections, shares, jobs, transfers, grants, folders, dataDirs, limits } = parts
  const previews = new Previews({
    store,
    swarm: connections,
    hereBytes: root => transfers.contents.hereBytes(root, parts.downloads())
  })
  const settingsFeed = new ValueFeed(shownSettings(settings.value))
  const noPeers = new ListFeed<never>()
  const info = (): NodeInfo => ({
    version: parts.version,
    name: settings.value.name,
    peerId: parts.peerId,
    addrs: network?.addrs() ?? [],
    listen: [...parts.listen],
    network: parts.mode,
    ownDisk: store.ownDisk
  })
  const status = new StatusFeed((): NodeStatus => {
    const rows = connections?.rows() ?? []
    const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0)
    return {
      ...info(),
      state: network == null ? 'offline' : rows.length === 0 ? 'alone' : 'connected',
      peers: rows.length,
      nearby: rows.filter(row => row.nearby).length,
      rateIn: sum(row => row.rateIn),
      rateOut: sum(row => row.rateOut)
    }
  })
  const transfer = (id: string): Transfer => {
    const row = transfers.feed.get(id)
    if (row == null) throw new CodedError('not-found', 'There is no such download.')
    return row
  }
  let logged = { minute: 0, count: 0 }

  return {
    node: {
      info,
      status: (_, { signal }) => status.read(signal),
      async dial({ addr }, { signal }) {
        if (connections == null) throw new CodedError('no-providers', 'This Shoal was started without a network.')
        await connections.dial(addr, signal)
        return {}
      }
    },
    share: {
      create: input => ({
        job: jobs.create(
          input.grants.map(grant => grants.take(grant, 'read')),
          input.skipUnreadable
        )
      }),
      again({ root }) {
        const known = shares.known(root)
        return { job: jobs.create(shares.sources(known), false, known) }
      },
      withoutUnreadable: ({ job }) => ({ job: jobs.withoutUnreadable(job) }),
      follow: ({ job }, { signal }) => jobs.follow(job, signal),
      async cancel({ job }) {
        await jobs.cancel(job)
        return {}
      },
      jobs: (_, { signal }) => jobs.rows(signal),
      list: () => shares.list(),
      feed: (_, { signal }) => shares.watched(signal),
      details: ({ root }, { signal }) => shares.details(root, signal),
      link: ({ root }) => ({ link: shares.link(root) }),
      where({ root }, { door }) {
        cliOnly(door)
        return { path: shares.where(root) }
      },
      remove({ root }) {
        shares.remove(root)
        return {}
      },
      async file({ root, index }, { door }) {
        hostOnly(door)
        return sharedFile(store, root, index)
      },
      async read({ root, index, offset }, { door }) {
        hostOnly(door)
        return { data: await readShared(store, root, index, offset) }
      },
      limit({ root, uploadBytesPerSecond }) {
        const key = shares.known(root)
        if (uploadBytesPerSecond != null) limits.upload.setTransfer(key, uploadBytesPerSecond)
        return { uploadBytesPerSecond: limits.upload.transferRate(key) }
      },
      verify: ({ root }, { signal }) => shares.verify(root, signal)
    },
    transfer: {
      preview: ({ link }, { signal }) => previews.read(link, signal),
      async files({ root, offset, limit }) {
        const layout =
          transfers.contents.runningLayout(root) ??
          previews.layout(root) ??
          (await storedLayout(store, root)) ??
          (await transfers.contents.layout(root))
        if (layout == null) throw new CodedError('not-found', 'What is inside this link is not known yet.')
        return fileListing(layout, transfers.contents.getting(layout), store, offset, limit)
      },
      start: ({ folder, first = false, ...asked }) => {
        const directory = folder == null ? parts.downloads() : grants.take(folder, 'write')
        dataDirs.refuse(directory)
        return transfers.start({ ...asked, first, directory })
      },
      follow: ({ id }, { signal }) => transfers.follow(id, signal),
      async pause({ id }) {
        await transfers.pause(id)
        return {}
      },
      resume({ id }) {
        transfers.resume(id)
        return {}
      },
      startNow({ id }) {
        transfers.startNow(id)
        return {}
      },
      move({ id, before }) {
        transfers.move(id, before)
        return {}
      },
      retry({ id }) {
        transfers.retry(id)
        return {}
      },
      link: ({ id }) => ({ link: transfers.link(id) }),
      async cancel({ id }) {
        await transfers.cancel(id)
        return {}
      },
      remove({ id }) {
        transfers.remove(id)
        return {}
      },
      limit({ id, downloadBytesPerSecond }) {
        transfer(id)
        return { downloadBytesPerSecond: transfers.limit(id, downloadBytesPerSecond) }
      },
      list: () => transfers.feed.rows(),
      feed: (_, { signal }) => transfers.feed.read(signal),
      details: ({ id }, { signal }) => transfers.details(id, signal)
    },
    peer: {
      list: () => connections?.rows() ?? [],
      feed: (_, { signal }) => (connections?.feed ?? noPeers).read(signal),
      bans: (_, { signal }) => (connections?.bans.feed ?? noPeers).read(signal),
      allow({ peerId }) {
        if (connections == null || !connections.allow(peerId))
          throw new CodedError('not-found', 'Nobody of that name is refused.')
        return {}
      }
    },
    settings: {
      get: () => shownSettings(settings.value),
      set({ downloads, ...named }) {
        const folder = downloads == null ? {} : { downloads: grants.take(downloads, 'write') }
        if (folder.downloads != null) dataDirs.refuse(folder.downloads)
        const chosen = definedOf(named)
        const shown = shownSettings(settings.change({ ...chosen, ...folder }))
        limits.choose(chosen)
        network?.setMaxConnections(shown.maxConnections)
        transfers.setActive(shown.activeDownloads)
        settingsFeed.set(shown)
        if (shown.network != null) parts.choseNetwork(shown.network)
        return shown
      },
      feed: (_, { signal }) => settingsFeed.read(signal),
      async storage() {
        const downloads = await folders.describe(parts.downloads())
        return { downloads, indexBytes: parts.indexBytes() }
      }
    },
    limits: {
      set: change => limits.set(change)
    },
    grant: {
      paths({ paths, use }, { door }) {
        cliOnly(door)
        paths.forEach(mustBeAbsolute)
        return { grants: paths.map(it => grants.issue(it, use)) }
      },
      async inside({ folder, path: inside, use }) {
        const at = await (use === 'write' ? folders.resolveForWriting(folder, inside) : folders.resolve(folder, inside))
        return { grant: grants.issue(at, use) }
      },
      folders: () => folders.list(),
      async addFolder({ path: folder }, { door }) {
        cliOnly(door)
        mustBeAbsolute(folder)
        return { folder: await folders.add(folder) }
      },
      entries: ({ folder, path: inside }) => folders.entries(folder, inside)
    },
    app: {
      /** The text itself is a page's: only that there was one is kept. */
      log({ level, message }) {
        const minute = Math.floor(performance.now() / 60_000)
        if (minute !== logged.minute) logged = { minute, count: 0 }
        if (logged.count++ < LOGS_PER_MINUTE) parts.log.info(`page.${level}`, { chars: message.length })
        return {}
      },
      async welcome() {
        if (network == null) throw new CodedError('no-providers', 'This Shoal was started without a network.')
        return { link: await parts.welcome.link() }
      }
    }
  }
}

/** Paths are named and told at the command line's door alone. */
function cliOnly(door: Door): void {
  if (door !== 'cli') throw new CodedError('forbidden', 'Only the command line may name paths.')
}

function mustBeAbsolute(named: string): void {
  if (!path.isAbsolute(named) || named.includes('\0')) throw new CodedError('usage', 'Paths must be absolute.')
}

/** A page gets bytes by HTTP, where it can be slowed down, not in messages. */
function hostOnly(door: Door): void {
  if (door !== 'cli') throw new CodedError('forbidden', 'Only the host may read files of a share this way.')
}

/** A partial without the keys that are there and undefined. */
function definedOf<T extends object>(partial: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const named = Object.entries(partial).filter(([, value]) => value !== undefined)
  return Object.fromEntries(named) as { [K in keyof T]?: Exclude<T[K], undefined> } // the same keys, fewer of them
}

async function storedLayout(store: Store, root: string) {
  const share = store.share(root)
  return share == null ? undefined : store.layout(parseRoot(root), share.sizeBytes)
}
