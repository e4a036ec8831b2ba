// The application without a window: the only place that wires. Everything opened here is closed in reverse order: transfers, node, pool, store.
import { statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { parseRoot } from '../../core/cid.ts'
import { systemClock } from '../../core/clock.ts'
import { codeOf } from '../../core/errors.ts'
import { Holdings } from '../../core/exchange/holdings.ts'
import type { FoundServable } from '../../core/exchange/servable.ts'
import { DataDirs } from '../../core/files/data-dirs.ts'
import { type HashPool, openHashPool } from '../../core/files/hash-pool.ts'
import { openIdentity } from '../../core/network/identity.ts'
import type { Network } from '../../core/network/network.ts'
import { openNetwork } from '../../core/network/open-network.ts'
import { findDownload } from '../../core/store/download-repo.ts'
import { dropKey } from '../../core/store/download.ts'
import { openDownload } from '../../core/store/open-download.ts'
import { openStore, type Store } from '../../core/store/store.ts'
import type { TransferRow } from '../../core/store/transfer-repo.ts'
import type { NetworkMode } from '../contract/shapes.ts'
import type { Application, EngineOptions } from '../engine/options.ts'
import { CatalogueKeeper } from './catalogue.ts'
import { Connections, type ConnectionsPorts } from './connections.ts'
import { Folders } from './folders.ts'
import { Grants } from './grants.ts'
import { type Log, openLog } from './log.ts'
import { createHandlers } from './handlers/create-handlers.ts'
import { indexFile, Restoration } from './repair.ts'
import { RunLimits } from './run-limits.ts'
import { openSettings, type SettingsFile } from './settings.ts'
import { ShareJobs } from './share-jobs.ts'
import { Shares } from './shares.ts'
import { Transfers } from './transfers.ts'
import { Welcome } from './welcome.ts'

const PROVIDE_DEADLINE_MS = 60_000
const TIDY_MS = 60 * 60 * 1000

/** Rejects with `data-newer`, `data-damaged`, `not-writable`, `usage`, `forbidden`. The data directory is locked by the caller. */
export async function openApplication(options: EngineOptions, signal: AbortSignal): Promise<Application> {
  await using acquiring = new AsyncDisposableStack()
  const base = openBase(options, acquiring)
  const { settings, store, fault } = base
  const privateKey = await openIdentity(options.dataDir)
  const network = options.offline ? undefined : acquiring.use(await openNode(base, privateKey, signal))
  signal.throwIfAborted()
  let transfers: Transfers | undefined // the server may be asked before they are there
  const { holdings, isWhole } = openHoldings(store, root => transfers?.contents.servable(root))
  const connections = network && acquiring.use(connect(base, { network, servables: holdings, isWhole }))
  acquiring.defer(store.onShares(root => connections?.told.look(parseRoot(root))))
  const provide = (root: CID): void => {
    holdings.changed(root)
    void connections?.server.refresh(root)
    if (network == null) return
    const given = AbortSignal.any([signal, AbortSignal.timeout(PROVIDE_DEADLINE_MS)])
    network.provide(root, given).catch(() => base.log.info('provide.waits')) // it stays scheduled
  }
  const swarm = { network, connections, provide }
  let restoration: Restoration | undefined
  const shares = acquiring.use(openShares(store, swarm, root => restoration?.forget(root) ?? false))
  const jobs = acquiring.use(openJobs(base, shares, swarm))
  restoration = restore(base, { shares, jobs }, acquiring)
  const running = acquiring.use(openTransfers(base, swarm))
  transfers = running
  const closing = new AbortController()
  acquiring.defer(() => closing.abort(new DOMException('Closing', 'AbortError')))
  if (!options.offline) goOn(base, running, restoration, AbortSignal.any([signal, closing.signal]))
  const welcomeDir = path.join(options.dataDir, 'welcome')
  const welcome = acquiring.use(
    new Welcome({ dir: welcomeDir, version: options.version, log: fault('welcome.failed') })
  )
  const outdated = Promise.withResolvers<void>()
  settings.onChange(({ maxConnections, activeDownloads, network: chosen }) => {
    network?.setMaxConnections(maxConnections)
    running.setActive(activeDownloads)
    // a mode this run was started with stays; the answer to whoever chose another is on its way before the end
    const isOpen = options.network == null && !options.offline
    if (isOpen && chosen != null && chosen !== base.mode) setImmediate(outdated.resolve)
  })
  const service = createHandlers({
    ...base,
    version: options.version,
    listen: options.listen,
    peerId: peerIdFromPrivateKey(privateKey).toString(),
    network,
    connections,
    shares,
    jobs,
    transfers: running,
    grants: new Grants(),
    welcome,
    downloads: () => settings.value.downloads ?? options.folders[0] ?? path.join(os.homedir(), 'Downloads'),
    indexBytes: () => indexBytes(options.dataDir)
  })
  const owned = acquiring.move()
  return { service, outdated: outdated.promise, [Symbol.asyncDispose]: async () => owned.disposeAsync() }
}

/** What everything else of one run stands on. */
interface Base {
  readonly options: EngineOptions
  readonly log: Log
  /** Logs what nobody foresaw, as this event. */
  readonly fault: (event: string) => (error: unknown) => void
  readonly dataDirs: DataDirs
  readonly settings: SettingsFile
  readonly mode: NetworkMode
  readonly store: Store
  readonly pool: HashPool
  readonly limits: RunLimits
  readonly folders: Folders
}

function openBase(options: EngineOptions, owner: AsyncDisposableStack): Base {
  const { dataDir } = options
  const log = openLog(dataDir)
  const fault = (event: string) => (error: unknown) => log.error(event, error)
  const dataDirs = new DataDirs({ running: dataDir, open: options.ownFiles })
  const settings = openSettings(dataDir)
  const mode = options.network ?? settings.value.network ?? 'lan'
  const store = owner.use(openStore(indexFile(dataDir), { onFault: fault('store.write-failed') }))
  const withdrawn = store.withdrawOwn(dataDirs)
  if (withdrawn.length > 0) log.info('share.own-data-withdrawn', { shares: withdrawn.length })
  const pool = owner.use(openHashPool())
  const limits = new RunLimits(settings, options.limits)
  const folders = new Folders(options.folders, folder => limits.reserveBytes(folder), dataDirs)
  return { options, log, fault, dataDirs, settings, mode, store, pool, limits, folders }
}

async function openNode(
  { options, settings, mode, store, log }: Base,
  privateKey: Ed25519PrivateKey,
  signal: AbortSignal
): Promise<Network> {
  return openNetwork(
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
}

/** @param running the download of a root, as far as one is open */
function openHoldings(
  store: Store,
  running: (root: CID) => FoundServable
): { holdings: Holdings; isWhole: (root: CID) => boolean } {
  // what is shared is served as it is also while the rest of it, or another copy, is being got
  const choose = (root: CID): FoundServable => {
    const held = store.held(root)
    return held != null && held.have.nextSet(0) < held.leafCount ? held : (running(root) ?? held)
  }
  const isWhole = (root: CID): boolean => {
    const found = choose(root)
    return typeof found === 'object' && !found.isWithdrawn && found.have.isFull
  }
  return { holdings: new Holdings({ load: async root => void (await store.loadHeld(root)), choose }), isWhole }
}

function connect(
  { options, limits, settings, store, log }: Base,
  swarm: Pick<ConnectionsPorts, 'network' | 'servables' | 'isWhole'>
): Connections {
  return new Connections({
    ...swarm,
    budget: limits.upload,
    agent: `shoal/${options.version}`,
    deviceName: () => settings.value.name,
    bans: {
      load: () => store.bans(),
      save: (peerId, until) => store.ban(peerId, until),
      forget: peerId => store.unban(peerId)
    },
    log
  })
}

/** Whom everything is shared with; both are undefined when offline. */
interface Swarm {
  readonly network: Network | undefined
  readonly connections: Connections | undefined
  /** From now on this root is served, or served as something else. */
  readonly provide: (root: CID) => void
}

function openShares(store: Store, { network, connections, provide }: Swarm, forget: (root: string) => boolean): Shares {
  const nothingServed = { copies: 0, readers: 0, sentBytes: 0 }
  return new Shares({
    store,
    addrs: () => network?.addrs() ?? [],
    served: root => connections?.served(root) ?? nothingServed,
    others: root => connections?.others(root) ?? [],
    provide,
    unprovide: root => network?.unprovide(root),
    forget
  })
}

function openJobs({ store, pool, dataDirs, fault }: Base, shares: Shares, { provide }: Swarm): ShareJobs {
  return new ShareJobs({
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
}

function openTransfers({ settings, store, pool, limits, fault }: Base, { connections, provide }: Swarm): Transfers {
  return new Transfers({
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
}

/** What was in an index that was damaged comes into the new one; what is in this one is written down for the same. */
function restore(
  { options: { dataDir }, store, fault }: Base,
  { shares, jobs }: { shares: Shares; jobs: ShareJobs },
  owner: AsyncDisposableStack
): Restoration {
  const restoration = new Restoration({
    store,
    dataDir,
    share: async (paths, root, signal) => jobs.shareAgain(paths, root, signal),
    show: ({ root, name }, state) => shares.showAwaited(root, name, state),
    log: fault('restore.failed')
  })
  const keeper = {
    store,
    dataDir,
    clock: systemClock,
    awaited: () => restoration.awaited,
    log: fault('catalogue.failed')
  }
  owner.use(new CatalogueKeeper(keeper))
  return restoration
}

/** What this device held and was getting when it last ended. @param life until the application closes */
function goOn({ store, log }: Base, transfers: Transfers, restoration: Restoration, life: AbortSignal): void {
  transfers.resumeAll()
  void restoration.run(life)
  store.checkShares(life).catch((error: unknown) => {
    if (!life.aborted) log.error('check.failed', error)
  })
  tidy(store, log, life)
}

/** Now and every hour: what previews left behind. */
function tidy(store: Store, log: Log, life: AbortSignal): void {
  if (life.aborted) return
  store.dropForgottenSkeletons(life).catch((error: unknown) => {
    if (!life.aborted && codeOf(error) !== 'disk-full') log.error('tidy.failed', error)
  })
  const cancel = systemClock.after(TIDY_MS, () => {
    life.removeEventListener('abort', cancel)
    tidy(store, log, life)
  })
  life.addEventListener('abort', cancel, { once: true })
}

/** The database and what it has not yet taken in. */
function indexBytes(dataDir: string): number {
  const file = indexFile(dataDir)
  const sizes = [file, `${file}-wal`].map(it => statSync(it, { throwIfNoEntry: false })?.size)
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
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
