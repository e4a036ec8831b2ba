// The process that holds a data directory: takes the lock, starts the engine, answers the other commands and, for `serve`, a browser.
// Ends in the reverse order, so that those who were connected see the connection end before the engine does and can go on by themselves.
import { statfsSync } from 'node:fs'
import type { CodedError } from '../../core/errors.ts'
import { DataDirs } from '../../core/files/data-dirs.ts'
import { openDataDir } from '../../core/store/data-dir.ts'
import { type Client, openClient, portSocket } from '../engine/client.ts'
import { type Engine, startEngine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import type { Door } from '../contract/service.ts'
import { Folders } from '../service/folders.ts'
import { openLog } from '../service/log.ts'
import { openSettings } from '../service/settings.ts'
import type { Api } from './api.ts'
import { Downloads } from './downloads.ts'
import { newToken } from './guard.ts'
import { readPage } from './page-files.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'
import { openServer } from './server.ts'
import { Uploads } from './uploads.ts'

/** The page as it was built: beside this file when bundled. */
const PAGE = new URL(import.meta.url.endsWith('.ts') ? '../../out/ui/' : './ui/', import.meta.url)

const MIN_RESERVE_BYTES = 1024 ** 3 // DESIGN.md, "Crash rules", R5
const AS_THEY_ARE = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }

export interface HostOptions {
  readonly engine: EngineOptions
  /** The page for a browser; `port` null: the saved one. Absent: none, the other commands are answered all the same. */
  readonly ui?: { readonly port: number | null }
  /** The engine's thread; only tests name another. */
  readonly entry?: URL
}

export interface Host extends AsyncDisposable {
  /** At the command line's door. Another one after the engine has opened its application anew: not to be kept. */
  readonly client: Client
  /** With its token; null without a page. */
  readonly uiUrl: string | null
  readonly engine: Engine
  /** Settles when the engine is over: undefined when it was stopped, the fault otherwise. */
  readonly ended: Promise<CodedError | undefined>
}

/**
 * Throws already-running when another process holds the directory, data-foreign, data-newer, data-damaged, not-writable, and what the engine fails with.
 * An offline engine answers nobody else: it is there for one question, and the others wait for the lock.
 */
export async function openHost({ engine: options, ui, entry }: HostOptions, signal: AbortSignal): Promise<Host> {
  await using acquiring = new AsyncDisposableStack()
  const { dataDir } = options
  acquiring.use(openDataDir(dataDir))
  removeRunFile(dataDir) // of a process that was killed
  const log = openLog(dataDir)
  const uiPort = ui == null ? 0 : (ui.port ?? openSettings(dataDir).value.uiPort)
  const onCrash = (error: unknown): void => log.error('engine.crashed', error)
  const engine = acquiring.use(await startEngine(options, signal, { onCrash, ...(entry && { entry }) }))
  const own = lastingClient(engine)
  let uiUrl: string | null = null
  if (!options.offline) {
    const tokens = { cli: newToken(), ui: ui == null ? null : newToken() }
    const page = ui == null ? null : readPage(PAGE)
    const connect = (door: Door) => engine.connect(door)
    const api = ui == null ? undefined : openApi(own, options)
    if (api != null) acquiring.use(api.uploads)
    const server = acquiring.use(await openServer({ tokens, port: uiPort, page, connect, ...(api && { api }) }))
    uiUrl = tokens.ui == null ? null : `http://127.0.0.1:${server.port}/#token=${tokens.ui}`
    acquiring.defer(() => removeRunFile(dataDir))
    const { version } = options
    writeRunFile(dataDir, { pid: process.pid, port: server.port, token: tokens.cli, ui: uiUrl, version })
  }
  const owned = acquiring.move()
  return {
    get client() {
      return own.client
    },
    uiUrl,
    engine,
    ended: engine.ended,
    [Symbol.asyncDispose]: () => owned.disposeAsync()
  }
}

/** One for as long as the engine runs, which closes every connection when it opens its application anew. */
function lastingClient(engine: Engine): { readonly client: Client } {
  let isOver = false
  void engine.ended.then(() => (isOver = true))
  const open = (): Client => {
    const port = engine.connect('cli')
    port.once('close', () => {
      if (!isOver) client = open()
    })
    return openClient(portSocket(port))
  }
  let client = open()
  return {
    get client() {
      return client
    }
  }
}

/** What the page does by HTTP, in the host's own name. */
function openApi(own: { readonly client: Client }, { dataDir, folders }: EngineOptions): Api {
  return {
    downloads: new Downloads({ client: () => own.client, now: () => performance.now() }),
    uploads: new Uploads({
      folders: new Folders(folders, undefined, new DataDirs({ running: dataDir })),
      grants: async paths => (await own.client.grant.paths({ paths: [...paths], use: 'read' })).grants,
      reserveBytes: async folder => {
        const { reserveBytes } = await own.client.limits.set(AS_THEY_ARE)
        const { blocks, bsize } = statfsSync(folder)
        return reserveBytes ?? Math.max(MIN_RESERVE_BYTES, (blocks * bsize) / 100)
      }
    })
  }
}
