// What a link holds, before anything is downloaded: the skeleton is fetched and kept, so that the transfer that may follow begins with it.
import { rootText } from '../../core/cid.ts'
import { entryCount, type Layout } from '../../core/content/layout.ts'
import { CodedError } from '../../core/errors.ts'
import { systemClock } from '../../core/clock.ts'
import { openFetch } from '../../core/fetch/fetch.ts'
import type { FetchSnapshot } from '../../core/fetch/ports.ts'
import { cleanName, rulesOfSystem } from '../../core/files/safe-name.ts'
import { hostIp, type PreviewHints, previewHints } from '../../core/network/preview-hints.ts'
import { parseLink, type ShareLink } from '../../core/link.ts'
import type { Store } from '../../core/store/store.ts'
import type { NetworkMode, Preview } from '../contract/shapes.ts'
import { ProviderSearch } from './provider-search.ts'
import { ValueFeed } from './snapshot-feed.ts'
import type { SwarmPort } from './swarm-port.ts'

const MAX_KEPT = 8
const LOOK_MS = 200

export interface PreviewPorts {
  readonly store: Store
  readonly swarm: SwarmPort | undefined
  /** Of the network; undefined: offline. */
  readonly mode: NetworkMode | undefined
  /** Bytes of a root that a download into the default folder would find there. */
  readonly hereBytes: (root: string) => number
}

export class Previews {
  readonly #ports: PreviewPorts
  readonly #layouts = new Map<string, Layout>() // least recently used first

  constructor(ports: PreviewPorts) {
    this.#ports = ports
  }

  /** Of a root that was previewed a short while ago. */
  layout(root: string): Layout | undefined {
    return this.#layouts.get(root)
  }

  /** What is known, again as more is learned, the last one `ready`. Throws invalid-link, unsupported-cid, bad-content and its like. */
  async *read(text: string, signal: AbortSignal): AsyncGenerator<Preview> {
    const link = parseLink(text)
    const { store, swarm, mode } = this.#ports
    const hints = mode == null ? { now: [], later: [] } : previewHints(mode, link.addrs)
    const feed = new ValueFeed(this.#row(link, hints, undefined, undefined))
    const key = rootText(link.root)
    await using stack = new AsyncDisposableStack()
    stack.use(store.keepSkeleton(key))
    const ended = new AbortController()
    const fetch = stack.use(
      openFetch(
        link.root,
        {
          mode: 'preview',
          ports: {
            clock: systemClock,
            random: Math.random,
            skeleton: {
              parts: () => store.skeletonParts(key),
              append: (offset, bytes) => store.appendSkeleton(key, offset, bytes)
            },
            findLeaf: async digest => store.readLeaf(digest),
            openDownload: () => Promise.reject(new CodedError('internal', 'A preview downloads nothing.')),
            onPex: () => {}, // who only looks meets nobody
            ban: (peerId, reason) => swarm?.ban(peerId, reason)
          }
        },
        signal
      )
    )
    if (swarm != null) {
      stack.use(new ProviderSearch(swarm, link.root, hints.now))
      stack.defer(swarm.onAllowed(peerId => fetch.forgive(peerId)))
      stack.defer(swarm.onRequester(({ requester, rttMs }) => fetch.addPeer(requester, { rttMs })))
    }
    const look = setInterval(() => feed.set(this.#row(link, hints, fetch.snapshot(), undefined)), LOOK_MS)
    stack.defer(() => clearInterval(look))
    const outcome = fetch.layout().then(layout => {
      this.#keep(layout)
      feed.set(this.#row(link, hints, fetch.snapshot(), layout))
    })
    outcome.then(
      () => clearInterval(look),
      () => ended.abort(new DOMException('The preview ended', 'AbortError'))
    )
    for await (const row of feed.read(AbortSignal.any([signal, ended.signal]))) {
      yield row
      if (row.ready) return
    }
    await outcome
  }

  #row(link: ShareLink, hints: PreviewHints, snapshot: FetchSnapshot | undefined, layout: Layout | undefined): Preview {
    const root = rootText(link.root)
    const share = this.#ports.store.share(root)
    const hint = link.name ?? snapshot?.nameHint ?? share?.name ?? ''
    return {
      root,
      name: cleanName(hint, root, rulesOfSystem(process.platform)),
      bytes: layout?.sizeBytes ?? link.sizeBytes ?? snapshot?.sizeHint ?? null,
      files: layout?.files.length ?? null,
      ready: layout != null,
      held: share?.state === 'ready' && share.hereFiles === share.fileCount,
      hereBytes: this.#ports.hereBytes(root),
      asked: [...new Set(hints.now.map(addr => hostIp(addr)).filter(ip => ip != null))],
      askedLater: hints.later.length,
      entries: layout == null ? null : entryCount(layout)
    }
  }

  #keep(layout: Layout): void {
    const key = rootText(layout.root)
    this.#layouts.delete(key)
    this.#layouts.set(key, layout)
    for (const oldest of this.#layouts.keys()) {
      if (this.#layouts.size <= MAX_KEPT) break
      this.#layouts.delete(oldest)
    }
  }
}
