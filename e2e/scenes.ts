// A host whose engine says what a picture needs: nothing yet, an ordinary day, far too much of everything.

import { openFake } from '../app/testing/fake-service.ts'
import { startInline } from '../app/engine/engine.ts'
import { CodedError } from '../core/errors.ts'
import type { Caller, Service } from '../app/contract/service.ts'
import {
  type Ban,
  DEFAULT_SETTINGS,
  type FileRow,
  type Peer,
  type Preview,
  type Settings,
  type Share,
  type ShareJob,
  type Transfer
} from '../app/contract/shapes.ts'
import type { EngineOptions } from '../app/engine/options.ts'
import { newToken } from '../app/host/guard.ts'
import { readPage } from '../app/host/page-files.ts'
import { openServer } from '../app/host/server.ts'

export type Content = 'empty' | 'usual' | 'crowded'

const GB = 1e9
const DAY = 86_400_000
const NOW = Date.UTC(2026, 4, 20, 9, 30)
const LONG =
  'Kopie von Kopie von Jahresbericht_2025_endgültig_v7_wirklich-endgültig (mit Anhängen, Fassung für den Aufsichtsrat).tar.gz'
const OPTIONS: EngineOptions = {
  dataDir: '/nowhere',
  version: '0.1.0',
  offline: false,
  network: 'lan',
  listen: [],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null },
  folders: []
}

/** A root that no two rows share. */
const rootOf = (n: number): string => {
  const digits = Array.from(n.toString(16), digit => 'abcdefghijklmnop'[Number.parseInt(digit, 16)])
  return `bafybei${digits.join('').padStart(52, 'z')}`
}

export const share = (n: number, change: Partial<Share>): Share => ({
  root: rootOf(n), name: 'x', bytes: GB, files: 1, hereBytes: change.bytes ?? GB, hereFiles: change.files ?? 1,
  state: 'ready', origin: 'shared', addedAt: NOW - n * DAY, copies: 0, readers: 0, rateOut: 0, sentBytes: 0, job: null, ...change
}) // prettier-ignore
export const transfer = (n: number, change: Partial<Transfer>): Transfer => ({
  id: `t${n}`, root: rootOf(500 + n), name: 'x', state: 'fetching', bytes: 0, total: GB, rate: 0, secondsLeft: null,
  received: 0, duplicate: 0, sources: 0, from: [], place: null, waitingFor: null, error: null, addedAt: NOW - n * DAY,
  folder: 'Downloads', path: null,
  ...change
}) // prettier-ignore
const peer = (n: number, change: Partial<Peer>): Peer => ({
  peerId: `12D3KooWQ${String(n).padStart(4, '7')}yTqEFJ1eKcMhZ5rTg4JzWbP3LkQ9vXsD2nRfB`,
  name: 'Ana', addrs: [`/ip4/192.168.1.${(n % 250) + 2}/tcp/40123/p2p/12D3KooWQyTqEFJ1eKcMhZ5rTg4JzWbP3LkQ9vXsD2nRfB`],
  via: 'mdns', direct: true, nearby: true, latencyMs: 1.2, rateIn: 0, rateOut: 0, ...change
}) // prettier-ignore

const SHARES: Record<Content, Share[]> = {
  empty: [],
  usual: [
    share(1, {
      name: 'Summer in Norway',
      bytes: 12_400e6,
      files: 1840,
      readers: 2,
      rateOut: 48e6,
      sentBytes: 9_200e6
    }),
    share(2, { name: 'Wedding film.mkv', bytes: 4_100e6, copies: 3, sentBytes: 12_300e6 }),
    share(3, { name: 'Thesis.pdf', bytes: 2.3e6, state: 'changed' }),
    share(4, { name: 'ubuntu-26.04-desktop-amd64.iso', bytes: 6_200e6, origin: 'received', copies: 1 })
  ],
  crowded: Array.from({ length: 10_000 }, (_, n) =>
    share(n + 1, {
      name:
        n % 9 === 2
          ? LONG
          : `${['Summer', 'مجلد الصور', '写真', 'Report', 'IMG'][n % 5]} ${n + 1}${['', '.zip', '.jpg', '.mkv', '.flac'][n % 5]}`,
      bytes: (n * 7919 * 104_729) % 90e9,
      files: n % 5 === 0 ? 1234 : 1,
      state: n % 11 === 3 ? 'changed' : n % 17 === 5 ? 'missing' : 'ready',
      copies: n % 4,
      readers: n % 7 === 0 ? 5 : 0,
      rateOut: n % 7 === 0 ? 1.2e6 : 0
    })
  )
}
const USUAL_TRANSFERS = [
  transfer(1, { name: 'Family archive', state: 'fetching', bytes: 12_400e6, total: 40 * GB, rate: 92e6, secondsLeft: 300, sources: 3, from: ['Ana', 'Bo', 'NAS'], received: 12_400e6 }),
  transfer(2, { name: 'lecture-07.mp4', state: 'waiting', bytes: 400e6, total: 900e6, waitingFor: 'peers' }),
  transfer(3, { name: 'Slides.zip', state: 'paused', bytes: 10e6, total: 81e6 }),
  transfer(4, { name: 'Recordings', state: 'failed', bytes: 2 * GB, total: 7 * GB, error: { code: 'hash-mismatch', message: '' } }),
  transfer(6, { name: 'Concert.flac', state: 'queued', place: 1, total: 412e6 }),
  transfer(7, { name: 'Archive 2019.zip', state: 'queued', place: 2, bytes: 3.1 * GB, total: 18 * GB }),
  transfer(8, { name: 'Interviews', state: 'queued', place: 3, total: null }),
  transfer(5, { name: 'Thesis draft.pdf', state: 'done', bytes: 2.3e6, total: 2.3e6, received: 2.3e6 })
] // prettier-ignore
const STATES = [
  'fetching',
  'finding',
  'verifying',
  'waiting',
  'paused',
  'done',
  'failed',
  'disk-full',
  'queued'
] as const
const TRANSFERS: Record<Content, Transfer[]> = {
  empty: [],
  usual: USUAL_TRANSFERS,
  crowded: Array.from({ length: 2000 }, (_, n) => {
    const state = STATES[n % STATES.length] ?? 'done'
    const waits = state === 'waiting' || state === 'disk-full'
    return transfer(n + 1, {
      name: n % 3 === 1 ? LONG : `Dataset ${n}`,
      state,
      place: state === 'queued' ? Math.floor(n / STATES.length) + 1 : null,
      bytes: (n * 7e8) % (9 * GB),
      total: state === 'finding' ? null : 9 * GB,
      rate: state === 'fetching' ? 112e6 : 0,
      secondsLeft: state === 'fetching' ? 7200 : null,
      sources: state === 'fetching' ? 12 : 0,
      from: state === 'fetching' ? ['Maximiliane von Hohenstein-Wittelsbach', 'B', 'C'] : [],
      waitingFor: waits ? (state === 'waiting' ? 'bytes' : 'disk') : null,
      error: state === 'failed' ? { code: 'not-writable', message: '' } : null
    })
  })
}
const PEERS: Record<Content, Peer[]> = {
  empty: [],
  usual: [
    peer(1, { name: 'Ana’s laptop', rateIn: 61e6 }),
    peer(2, { name: 'NAS', rateIn: 31e6, rateOut: 2.1e6, latencyMs: 0.4 }),
    peer(3, { name: 'Bo', via: 'link', nearby: false, latencyMs: 38 })
  ],
  crowded: Array.from({ length: 150 }, (_, n) =>
    peer(n, {
      name:
        n % 4 === 0
          ? ''
          : n % 7 === 0
            ? 'Maximiliane von Hohenstein-Wittelsbachs zweiter Arbeitsrechner'
            : `Device ${n}`,
      via: (['link', 'peer', 'mdns', 'dht', 'pex', 'inbound'] as const)[n % 6] ?? 'link',
      nearby: n % 3 === 0,
      direct: n % 5 !== 0,
      latencyMs: n % 8 === 0 ? null : n * 3.7,
      rateIn: n % 2 === 0 ? n * 1e5 : 0
    })
  )
}
const BANS: Record<Content, Ban[]> = {
  empty: [],
  usual: [{ peerId: '12D3KooWban', name: 'Old tablet', reason: 'wrong-bytes', until: NOW + DAY / 2 }],
  crowded: Array.from({ length: 40 }, (_, n) => ({
    peerId: `12D3KooWban${n}`, name: n % 3 === 0 ? '' : n % 3 === 1 ? LONG : `Device ${n}`,
    reason: n % 2 === 0 ? 'wrong-bytes' : 'refused', until: NOW + DAY / 2
  }) satisfies Ban)
} // prettier-ignore
const JOBS: Record<Content, ShareJob[]> = {
  empty: [],
  usual: [
    { job: 'j1', name: 'Lecture recordings', state: 'indexing', bytes: 3_100e6, total: 18 * GB, files: 41, rate: 810e6, secondsLeft: 18, leftOut: null, root: null, error: null }
  ],
  crowded: ['', '', ''].map((_, n) => ({
    job: `j${n}`, name: LONG, state: n === 2 ? 'failed' : 'indexing', bytes: 7 * GB, total: n === 1 ? null : 900 * GB, files: 81_234,
    rate: 5e8, secondsLeft: n === 0 ? 1800 : null, root: null,
    leftOut: n === 2 ? { count: 2, names: ['private.key', 'old/.lock'] } : null, error: n === 2 ? { code: 'unreadable', message: '' } : null
  }) satisfies ShareJob)
} // prettier-ignore

const file = (index: number, path: string[], bytes: number): FileRow => ({ index, path, bytes, haveBytes: 0, chosen: true, renamedFrom: null }) // prettier-ignore
const FILES: Record<Content, FileRow[]> = {
  empty: [],
  usual: [
    file(0, ['Bergen', 'IMG_0001.jpg'], 4.2e6),
    file(1, ['Bergen', 'IMG_0002.jpg'], 3.9e6),
    file(2, ['Lofoten', 'film.mp4'], 1_800e6),
    file(3, ['Notes.txt'], 1234),
    { ...file(4, ['Route: day 2.gpx'], 88_000), renamedFrom: 'Route: day 2.gpx' }
  ],
  crowded: Array.from({ length: 20_000 }, (_, n) =>
    file(n, n < 15_000 ? [`Folder ${Math.floor(n / 1000)}`, `${n}.jpg`] : [`${n} ${LONG}`], n * 1e4)
  )
}

async function* hold<T>(value: T, { signal }: Caller): AsyncGenerator<T> {
  yield value
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}
const whole = <Row>(rows: Row[]) => ({ seq: 0, whole: true, rows, removed: [] as string[] })

function sceneOf(content: Content, service: Service): Service {
  const settings: Settings = {
    ...DEFAULT_SETTINGS,
    name: content === 'crowded' ? 'Maximiliane von Hohenstein-Wittelsbachs Arbeitsrechner' : 'Kind Mango',
    network: content === 'empty' ? null : 'lan',
    uploadBytesPerSecond: content === 'crowded' ? 12_500_000 : 0
  }
  const files = FILES[content]
  const preview: Preview = {
    root: rootOf(1), name: content === 'crowded' ? LONG : 'Summer in Norway',
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files: files.length, ready: true, held: false, hereBytes: 0,
    asked: content === 'empty' ? [] : ['192.168.178.24', '203.0.113.7', '203.0.113.9'].slice(0, content === 'crowded' ? 3 : 1),
    askedLater: content === 'crowded' ? 2 : 0, entries: files.length
  } // prettier-ignore
  const peers = PEERS[content]
  return {
    ...service,
    node: {
      ...service.node,
      status: (_, caller) =>
        hold(
          {
            version: '0.1.0', name: settings.name, peerId: '12D3KooWself', addrs: [], listen: [], network: 'lan', ownDisk: 'ok',
            state: peers.length === 0 ? 'alone' : 'connected', peers: peers.length, nearby: 0, rateIn: 92e6, rateOut: 2.1e6
          },
          caller
        ) // prettier-ignore
    },
    share: {
      ...service.share,
      feed: (_, caller) => hold(whole(SHARES[content]), caller),
      jobs: (_, caller) => hold(JOBS[content], caller),
      details: ({ root }, caller) =>
        hold(
          {
            root,
            others: peers.slice(0, 100).map(({ peerId, name }, n) => ({ peerId, name, isComplete: n % 3 === 2 }))
          },
          caller
        ),
      link: ({ root }) => ({
        link: `shoal:${root}?n=Summer%20in%20Norway&s=12400000000&a=%2Fip4%2F192.168.1.20%2Ftcp%2F40123`
      })
    },
    transfer: {
      ...service.transfer,
      feed: (_, caller) => hold(whole(TRANSFERS[content]), caller),
      preview: ({ link }, caller) => {
        if (!link.startsWith('shoal:')) throw new CodedError('invalid-link', 'No link')
        if (content === 'empty') return hold({ ...preview, bytes: 12_400e6, files: null, ready: false }, caller)
        return hold(preview, caller)
      },
      files: ({ offset, limit }) => ({ total: files.length, rows: files.slice(offset, offset + limit) }),
      details: ({ id }, caller) =>
        hold(
          {
            id,
            sources: peers.slice(0, 12).map(({ peerId, name }, n) => ({
              peerId, name, direct: true, rate: n * 9e6, bytes: n * 1_300e6, share: n % 2
            })),
            map: { extents: 4000, cells: Array.from({ length: 1024 }, (_, n) => (n < 300 ? 255 : n % 7 === 0 ? 120 : 0)) },
            rates: Array.from({ length: 180 }, (_, n) => 80e6 + 20e6 * Math.sin(n / 9) + ((n * 7919) % 9) * 1e6)
          },
          caller
        ) // prettier-ignore
    },
    peer: {
      ...service.peer,
      feed: (_, caller) => hold(whole(peers), caller),
      bans: (_, caller) => hold(whole(BANS[content]), caller)
    },
    settings: {
      ...service.settings,
      feed: (_, caller) => hold(settings, caller),
      storage: () => ({ downloads: { name: 'Downloads', folder: 0, roomBytes: 212 * GB }, indexBytes: 61.4e6 })
    },
    grant: {
      ...service.grant,
      folders: () => [
        { id: 0, name: 'Downloads', roomBytes: 212 * GB },
        { id: 1, name: 'Photos', roomBytes: 1.4e6 }
      ],
      entries: () =>
        content === 'empty'
          ? []
          : Array.from({ length: content === 'usual' ? 7 : 5000 }, (_, n) => ({
              name: n < 3 ? `Folder ${n}` : content === 'crowded' ? `${n} ${LONG}` : `Picture ${n}.jpg`,
              kind: n < 3 ? ('folder' as const) : ('file' as const),
              bytes: n < 3 ? 0 : n * 1e6
            }))
    }
  }
}

/** The built page with such an engine behind it; `url` has its token. @param change what of it answers otherwise */
export async function openScene(
  content: Content,
  signal: AbortSignal,
  change: (service: Service) => Service = service => service
): Promise<{ url: string } & AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  const open = async (options: EngineOptions) => {
    const application = await openFake(options)
    return { ...application, service: change(sceneOf(content, application.service)) }
  }
  const engine = stack.use(await startInline(open, OPTIONS, signal))
  const tokens = { cli: newToken(), ui: newToken() }
  const page = readPage(new URL('../out/ui/', import.meta.url))
  const server = stack.use(await openServer({ tokens, port: 0, page, connect: door => engine.connect(door) }))
  const url = `http://127.0.0.1:${server.port}/#token=${tokens.ui}`
  return { url, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
