// The application without a window: the only place that wires. Everything opened here is closed in reverse order: transfers, node, pool, store.
import { statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { parseRoot } from '../../core/cid.ts'
import { systemClock } from '../../core/clock.ts'
import { Holdings } from '../../core/exchange/holdings.ts'
import type { FoundServable } from '../../core/exchange/servable.ts'
import { DataDirs } from '../../core/files/data-dirs.ts'
import { openHashPool } from '../../core/files/hash-pool.ts'
import { openIdentity } from '../../core/network/identity.ts'
import { type Network, openNetwork } from '../../core/network/open-network.ts'
import { findDownload } from '../../core/store/download-repo.ts'
import { dropKey } from '../../core/store/download.ts'
import { openDownload } from '../../core/store/open-download.ts'
import { openStore, type Store } from '../../core/store/store.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import type { NetworkMode } from '../contract/shapes.ts'
import type { Application, EngineOptions } from '../engine/options.ts'
import { Connections, type ConnectionsPorts } from './connections.ts'
import { Folders } from './folders.ts'
import { Grants } from './grants.ts'
import { type Log, openLog } from './log.ts'
import { createHandlers } from './handlers.ts'
import { RunLimits } from './run-limits.ts'
import { openSettings, type SettingsFile } from './settings.ts'
import { ShareJobs } from './share-jobs.ts'
import { Shares } from './shares.ts'
import { Transfers } from './transfers.ts'
import { Welcome } from './welcome.ts'

const PROVIDE_DEADLINE_MS = 60_000

/** Rejects with `data-newer`, `data-damaged`, `not-writable`, `usage`, `forbidden`. The data directory is locked by the caller. */
export async function openApplication(options: EngineOptions, signal: AbortSignal): Promise<Application> {
  const { dataDir } = options
  await using acquiring = new AsyncDisposableStack()
  const log = openLog(dataDir)
  const dataDirs = new DataDirs({ running: dataDir, open: options.ownFiles })
  const settings = openSettings(dataDir)
  const mode = options.network ?? settings.value.network ?? 'lan'
  const store = acquiring.use(
    openStore(path.join(dataDir, 'shoal.db'), { onFault: error => log.error('store.write-failed', error) })
  )
  const withdrawn = store.withdrawOwn(dataDirs)
  if (withdrawn.length > 0) log.info('share.own-data-withdrawn', { shares: withdrawn.length })
  const pool = acquiring.use(openHashPool())
  const limits = new RunLimits(settings, options.limits)

  const privateKey = await openIdentity(dataDir)
  const folders = new Folders(options.folders, folder => limits.reserveBytes(folder), dataDirs)
  const network = options.offline
    ? undefined
    : acquiring.use(await openNode(options, privateKey, mode, settings, store, log, signal))
  signal.throwIfAborted()
  let transfers: Transfers | undefined // the server may be asked before they are there
  // what is shared is served as it is also while the rest of it, or another copy, is being got
  const choose = (root: CID): FoundServable => {
    const held = store.held(root)
    return held != null && held.have.nextSet(0) < held.leafCount ? held : (transfers?.contents.servable(root) ?? held)
  }
  const isWhole = (root: CID): boolean => {
    const found = choose(root)
    return typeof found === 'object' && !found.isWithdrawn && found.have.isFull
  }
  const holdings = new Holdings({ load: async root => void (await store.loadHeld(root)), choose })
  const connections =
    network &&
    acquiring.use(connect({ network, servables: holdings, isWhole }, limits, settings, store, options.version, log))
  acquiring.defer(store.onShares(root => connections?.told.look(parseRoot(root))))
  const provide = (root: CID): void => {
    holdings.changed(root)
    void connections?.server.refresh(root)
    if (network == null) return
    const given = AbortSignal.any([signal, AbortSignal.timeout(PROVIDE_DEADLINE_MS)])
    network.provide(root, given).catch(() => log.info('provide.waits')) // it stays scheduled
  }
  const unprovide = (root: CID): void => network?.unprovide(root)
  const nothingServed = { copies: 0, readers: 0, sentBytes: 0 }
  const shares = acquiring.use(
    new Shares({
      store,
      addrs: () => network?.addrs() ?? [],
      served: root => connections?.served(root) ?? nothingServed,
      others: root => connections?.others(root) ?? [],
      provide,
      unprovide
    })
  )
  const fault = (event: string) => (error: unknown) => log.error(event, error)
  const jobs = acquiring.use(
    new ShareJobs({
      store,
      pool,
      dataDirs,
      shared: (row, root, job) => {
        shares.madeBy(row.root, job)
        provide(root)
      },
      outdated: root => shares.remove(root),
      linkOf: row => shares.linkOf(row),
      log: fault('share.failed')
    })
  )
  const running = acquiring.use(
    new Transfers({
      clock: systemClock,
      store,
      swarm: connections,
      pool,
      sharedLimits: [limits.download],
      reserveBytes: directory => limits.reserveBytes(directory),
      holds: provide,
      discardPart: async row => discardPart(store, row),
      keepSharing: () => settings.value.keepSharing,
      activeDownloads: settings.value.activeDownloads,
      received: (peerId, bytes) => connections?.countReceived(peerId, bytes),
      log: fault('transfer.failed')
    })
  )
  transfers = running
  const closing = new AbortController()
  acquiring.defer(() => closing.abort(new DOMException('Closing', 'AbortError')))
  const life = AbortSignal.any([signal, closing.signal])
  if (!options.offline) {
    running.resumeAll()
    store.checkShares(life).catch((error: unknown) => {
      if (!life.aborted) log.error('check.failed', error)
    })
  }
  const welcome = acquiring.use(
    new Welcome({ dir: path.join(dataDir, 'welcome'), version: options.version, log: fault('welcome.failed') })
  )
  const outdated = Promise.withResolvers<void>()
  const service = createHandlers({
    version: options.version,
    listen: options.listen,
    mode,
    settings,
    store,
    peerId: peerIdFromPrivateKey(privateKey).toString(),
    network,
    connections,
    shares,
    jobs,
    transfers: running,
    grants: new Grants(),
    folders,
    dataDirs,
    limits,
    downloads: () => settings.value.downloads ?? options.folders[0] ?? path.join(os.homedir(), 'Downloads'),
    indexBytes: () => indexBytes(dataDir),
    welcome,
    // a mode this run was started with stays; the answer to whoever chose another is on its way before the end
    choseNetwork: chosen => {
      if (options.network == null && !options.offline && chosen !== mode) setImmediate(outdated.resolve)
    },
    log
  })
  const owned = acquiring.move()
  return { service, outdated: outdated.promise, [Symbol.asyncDispose]: async () => owned.disposeAsync() }
}

/** The database and what it has not yet taken in. */
function indexBytes(dataDir: string): number {
  const sizes = ['shoal.db', 'shoal.db-wal'].map(
    name => statSync(path.join(dataDir, name), { throwIfNoEntry: false })?.size
  )
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

async function openNode(
  options: EngineOptions,
  privateKey: Ed25519PrivateKey,
  mode: NetworkMode,
  settings: SettingsFile,
  store: Store,
  log: Log,
  signal: AbortSignal
): Promise<Network> {
  const network = await openNetwork(
    {
      mode,
      privateKey,
      version: options.version,
      port: settings.value.listenPort,
      maxConnections: settings.value.maxConnections,
      ...(options.listen.length > 0 && { listen: options.listen }),
      peers: options.peers,
      ...(options.bootstrap != null && { bootstrap: options.bootstrap }),
      goodPeers: {
        load: () => store.goodPeers(),
        save: (peerId, addrs) => store.savePeer({ peerId, addrs, seenAt: Date.now() })
      },
      provides: {
        load: () =>
          store.provides().map(({ root, providedAt }) => ({ root, at: providedAt === 0 ? undefined : providedAt })),
        save: (root, at) => store.provided(root, at, at)
      },
      onTrouble: (what, error) => log.error(`network.${what}`, error)
    },
    signal
  )
  return network
}

function connect(
  swarm: Pick<ConnectionsPorts, 'network' | 'servables' | 'isWhole'>,
  limits: RunLimits,
  settings: SettingsFile,
  store: Store,
  version: string,
  log: Log
): Connections {
  return new Connections({
    ...swarm,
    budget: limits.upload,
    agent: `shoal/${version}`,
    deviceName: () => settings.value.name,
    bans: {
      load: () => store.bans(),
      save: (peerId, until) => store.ban(peerId, until),
      forget: peerId => store.unban(peerId)
    },
    log
  })
}

/** Opening it is what finds out which files it made; the space for the rest of it is not needed any more. */
async function discardPart(store: Store, row: TransferRow): Promise<void> {
  const found = findDownload(store.db, row.root, row.directory)
  if (found == null || store.late.has(dropKey(found))) return
  const layout = await store.layout(parseRoot(row.root), row.totalBytes ?? 0)
  const { name, directory } = row
  const opened = { layout, name, directory, selection: [], reserveBytes: Number.NEGATIVE_INFINITY }
  const download = await openDownload(store, opened, AbortSignal.timeout(PROVIDE_DEADLINE_MS))
  await download.discard()
}
