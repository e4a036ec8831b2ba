// "See it work": a second, real node on this machine that shares the welcome files, for somebody who has nobody else to try it with yet. It has a thread,
// an identity and a folder of its own, talks to this machine only, and is gone when nobody asked for it for a while.
import { rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { systemCode } from '../../core/files/write-error.ts'
import { type Client, openClient, portSocket } from '../engine/client.ts'
import { startEngine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { openSettings } from './settings.ts'
import { WELCOME_FILES, WELCOME_FOLDER } from './welcome-files.ts'

const NAME = 'Shoal’s welcome'
const IDLE_MS = 10 * 60_000

export interface WelcomePorts {
  /** Absolute; nothing else may be in there. Made when it is needed, removed afterwards, and what a killed process left is removed first. */
  readonly dir: string
  readonly version: string
  readonly log: (error: unknown) => void
}

interface Running extends AsyncDisposable {
  readonly link: string
}

export class Welcome implements AsyncDisposable {
  readonly #ports: WelcomePorts
  readonly #clock: Clock
  readonly #stop = new AbortController()
  #running: Promise<Running> | undefined
  #ending: Promise<void> = Promise.resolve()
  #cancelTimer: () => void = () => {}

  constructor(ports: WelcomePorts, clock: Clock = systemClock) {
    this.#ports = ports
    this.#clock = clock
    rmSync(ports.dir, { recursive: true, force: true })
  }

  /** The link to the welcome files; they are served for ten minutes from now on. Throws what the start of an engine throws. */
  async link(): Promise<string> {
    this.#stop.signal.throwIfAborted()
    this.#cancelTimer()
    const running = (this.#running ??= this.#open())
    try {
      const { link } = await running
      this.#cancelTimer()
      this.#cancelTimer = this.#clock.after(IDLE_MS, () => void this.#end())
      return link
    } catch (error) {
      if (this.#running === running) this.#running = undefined // the next one may work
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new CodedError('cancelled', 'Shoal is stopping.'))
    this.#cancelTimer()
    await this.#end()
  }

  /** Never rejects. */
  async #end(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    const before = this.#ending
    this.#ending = (async () => {
      await before
      await (await running?.catch(() => undefined))?.[Symbol.asyncDispose]()
    })().catch((error: unknown) => this.#ports.log(error))
    await this.#ending
  }

  async #open(): Promise<Running> {
    await this.#ending // two of them would share the folder
    const { dir, version } = this.#ports
    const { signal } = this.#stop
    await using acquiring = new AsyncDisposableStack()
    acquiring.defer(() => rmSync(dir, { recursive: true, force: true }))
    const dataDir = path.join(dir, 'node')
    const folder = path.join(dir, WELCOME_FOLDER)
    await writeFiles(dataDir, folder)
    openSettings(dataDir).change({ name: NAME })
    const engine = acquiring.use(
      await startEngine(optionsOf(dataDir, folder, version), signal, { onCrash: error => this.#ports.log(error) })
    )
    const port = engine.connect('cli')
    acquiring.defer(() => port.close())
    const link = await share(openClient(portSocket(port)), folder, signal)
    void engine.ended.then(fault => (fault == null ? undefined : this.#end()))
    const owned = acquiring.move()
    return { link, [Symbol.asyncDispose]: async () => owned.disposeAsync() }
  }
}

async function writeFiles(dataDir: string, folder: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await mkdir(folder)
    for (const [name, text] of Object.entries(WELCOME_FILES)) await writeFile(path.join(folder, name), text)
  } catch (error) {
    const isFull = systemCode(error) === 'ENOSPC'
    throw new CodedError(isFull ? 'disk-full' : 'not-writable', 'The welcome files cannot be written.', {
      cause: error
    })
  }
}

const optionsOf = (dataDir: string, ownFiles: string, version: string): EngineOptions => ({
  dataDir,
  ownFiles,
  version,
  offline: false,
  network: 'loopback',
  listen: ['/ip4/127.0.0.1/tcp/0'],
  peers: [],
  bootstrap: null,
  limits: { uploadBytesPerSecond: 0, downloadBytesPerSecond: 0, reserveBytes: 0 },
  folders: []
})

async function share(client: Client, folder: string, signal: AbortSignal): Promise<string> {
  const { grants } = await client.grant.paths({ paths: [folder], use: 'read' }, { signal })
  const { job } = await client.share.create({ grants, skipUnreadable: false }, { signal })
  for await (const event of await client.share.follow({ job }, { signal }))
    if (event.type === 'shared') return event.link
  throw new CodedError('internal', 'The welcome files could not be shared.')
}
