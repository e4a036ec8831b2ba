// A Service for tests of everything around it: answers at once, remembers what it was asked, moves no byte.
import { CODES, CodedError } from '../../core/errors.ts'
import type { Caller, Service } from '../contract/service.ts'
import {
  DEFAULT_SETTINGS,
  type NodeInfo,
  type Peer,
  type Settings,
  type Share,
  type Transfer
} from '../contract/shapes.ts'
import type { Application, EngineOptions } from '../engine/options.ts'

export const ROOT = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
/** The one file of the one share, read in leaves of `LEAF_BYTES`. */
export const CONTENT = Buffer.from('0123456789abcdefghij')
const LEAF_BYTES = 8
const NAME = 'Kind Mango'
const LINK = `shoal:${ROOT}?n=hello.txt&s=5`

const share: Share = {
  root: ROOT,
  name: 'hello.txt',
  bytes: 5,
  files: 1,
  hereBytes: 5,
  hereFiles: 1,
  state: 'ready',
  origin: 'shared',
  addedAt: 1,
  copies: 0,
  readers: 0,
  rateOut: 0,
  sentBytes: 0,
  job: null
}
const transfer: Transfer = {
  id: 't1',
  root: ROOT,
  name: 'hello.txt',
  state: 'paused',
  bytes: 2,
  total: 5,
  rate: 0,
  secondsLeft: null,
  received: 0,
  duplicate: 0,
  sources: 0,
  from: [],
  place: null,
  waitingFor: null,
  error: null,
  addedAt: 1,
  folder: 'tmp',
  path: '/tmp/hello.txt'
}
const peer: Peer = {
  peerId: '12D3KooWpeer',
  name: 'Ana',
  addrs: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWpeer'],
  via: 'link',
  direct: true,
  nearby: true,
  latencyMs: 1.5,
  rateIn: 0,
  rateOut: 0
}

/** Waits until the caller goes; counts who is waiting, so that a test sees a feed end. */
export const waiting = { feeds: 0 }
async function* hold<T>(value: T, { signal }: Caller): AsyncGenerator<T> {
  waiting.feeds++
  try {
    yield value
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  } finally {
    waiting.feeds--
  }
}

/**
 * `node.dial` throws the code that the address names (`/fail/<code>`), or crashes the thread (`/crash`); `transfer.start` that of its link, and
 * `transfer.follow` that of the id.
 */
export function openFake(options: EngineOptions): Promise<Application> {
  const info: NodeInfo = {
    version: options.version,
    name: NAME,
    peerId: '12D3KooWself',
    addrs: options.offline ? [] : ['/ip4/127.0.0.1/tcp/9/p2p/12D3KooWself'],
    listen: [...options.listen],
    network: options.network ?? 'lan',
    ownDisk: 'ok'
  }
  const outdated = Promise.withResolvers<void>()
  let settings: Settings = { ...DEFAULT_SETTINGS, name: NAME }
  let shares = [share]
  const fail = (text: string): void => {
    const code = CODES.find(known => text.endsWith(`/${known}`))
    if (code != null) throw new CodedError(code, `as asked: ${code}`)
    if (text === '/throw') throw new Error('a secret of /home/somebody')
    if (text === '/crash') setImmediate(() => { throw new Error('crash') }) // prettier-ignore
  }
  const whole = <T>(rows: T[]) => ({ seq: 0, whole: true, rows, removed: [] as string[] })
  const find = (root: string): Share => {
    const found = shares.find(row => row.root === root)
    if (found == null) throw new CodedError('not-found', 'Nothing with this root is shared')
    return found
  }
  const service: Service = {
    node: {
      info: () => info,
      status: (_, caller) => hold({ ...info, state: 'alone', peers: 0, nearby: 0, rateIn: 0, rateOut: 0 }, caller),
      dial: ({ addr }) => {
        fail(addr)
        return {}
      }
    },
    share: {
      create: ({ grants }) => ({ job: grants.length === 1 ? 'j1' : 'j2' }),
      again: () => ({ job: 'j1' }),
      withoutUnreadable: () => ({ job: 'j2' }),
      async *follow({ job }) {
        yield { type: 'progress', bytes: 0, total: 5, rate: 0, files: 0 }
        fail(job)
        yield {
          type: 'shared',
          root: ROOT,
          link: LINK,
          name: 'hello.txt',
          bytes: 5,
          files: 1,
          seconds: 0.1,
          leftOut: []
        }
      },
      cancel: () => ({}),
      jobs: (_, caller) => hold([], caller),
      list: () => shares,
      feed: (_, caller) => hold(whole(shares), caller),
      details: ({ root }, caller) => hold({ root, others: [] }, caller),
      link: () => ({ link: LINK }),
      where: ({ root }) => {
        find(root)
        return { path: '/tmp/hello.txt' }
      },
      limit: ({ uploadBytesPerSecond }) => ({ uploadBytesPerSecond: uploadBytesPerSecond ?? 0 }),
      remove: ({ root }) => {
        find(root)
        shares = shares.filter(row => row.root !== root)
        return {}
      },
      file: ({ root, index }) => {
        find(root)
        if (index !== 0) throw new CodedError('not-found', 'No such file')
        return { path: ['hällo "1".txt'], bytes: CONTENT.length }
      },
      read: ({ offset }) => ({ data: CONTENT.subarray(offset, offset + LEAF_BYTES).toString('base64') }),
      async *verify({ root }) {
        yield { type: 'progress', bytes: 0, total: 5, rate: 0 }
        yield { type: 'verified', root: find(root).root, bytes: 5, bad: [] }
      }
    },
    transfer: {
      preview: (_, caller) =>
        hold(
          {
            root: ROOT,
            name: 'hello.txt',
            bytes: 5,
            files: 1,
            ready: true,
            held: false,
            hereBytes: 0,
            asked: [],
            askedLater: 0,
            entries: 1
          },
          caller
        ),
      files: () => ({ total: 0, rows: [] }),
      start: ({ link, addrs }) => {
        fail(link)
        return { id: addrs[0] ?? 't1', root: ROOT }
      },
      async *follow({ id }, { signal }) {
        const counted = { root: ROOT, rate: 0, received: 5, duplicate: 0, bytes: 5 }
        yield { type: 'progress', phase: 'find', ...counted, bytes: 0, total: null, received: 0 }
        fail(id)
        if (id === '/hold') await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
        yield { type: 'progress', phase: 'fetch', ...counted, total: 5 }
        yield { type: 'done', root: ROOT, path: '/tmp/hello.txt', bytes: 5, seconds: 0.2, received: 5, duplicate: 0, sources: 1 } // prettier-ignore
      },
      pause: () => ({}),
      resume: () => ({}),
      startNow: () => ({}),
      move: () => ({}),
      retry: () => ({}),
      link: () => ({ link: LINK }),
      cancel: () => ({}),
      remove: () => ({}),
      limit: ({ downloadBytesPerSecond }) => ({ downloadBytesPerSecond: downloadBytesPerSecond ?? 0 }),
      list: () => [transfer],
      feed: (_, caller) => hold(whole([transfer]), caller),
      details: (_, caller) => hold({ id: 't1', sources: [], map: { extents: 0, cells: [] }, rates: [] }, caller)
    },
    peer: {
      list: () => [peer],
      feed: (_, caller) => hold(whole([peer]), caller),
      bans: (_, caller) => hold(whole([]), caller),
      allow: () => ({})
    },
    settings: {
      get: () => settings,
      set: changed => {
        const named = Object.entries(changed).filter(([, value]) => value !== undefined)
        settings = { ...settings, ...Object.fromEntries(named) }
        if (changed.network != null) setImmediate(outdated.resolve)
        return settings
      },
      feed: (_, caller) => hold(settings, caller),
      storage: () => ({ downloads: { name: 'Downloads', folder: null, roomBytes: null }, indexBytes: 0 })
    },
    limits: { set: change => change },
    grant: {
      paths: ({ paths }, { door }) => {
        if (door !== 'cli') throw new CodedError('forbidden', 'Only the command line may name paths')
        return { grants: paths.map(() => crypto.randomUUID()) }
      },
      inside: () => ({ grant: crypto.randomUUID() }),
      folders: () => [],
      addFolder: () => ({ folder: { id: 0, name: 'tmp', roomBytes: null } }),
      entries: () => []
    },
    app: { log: () => ({}), welcome: () => ({ link: LINK }) }
  }
  return Promise.resolve({ service, outdated: outdated.promise, [Symbol.asyncDispose]: () => Promise.resolve() })
}
