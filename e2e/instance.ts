// One running copy of Shoal with its window, as a spec uses it: the same on every target.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { ElectronApplication, Page } from 'playwright-core'
import { expect } from '@playwright/test'
import type { InfoLine } from './json-lines.ts'
import { runPeer } from './peer.ts'
import type { Running, Shell, View } from './shell.ts'

export interface InstanceOptions extends View {
  readonly uploadBytesPerSecond?: number
  readonly downloadBytesPerSecond?: number
  /** Where received files go; made when missing. Else a folder of its own. */
  readonly folder?: string
  /** More folders that a page in a browser may save to. */
  readonly folders?: readonly string[]
  /** Links and share files it is started with, on the desktop. */
  readonly opened?: readonly string[]
  /** Anything but loopback only inside a network namespace of the test's own. */
  readonly network?: 'loopback' | 'lan'
}

export class Instance implements AsyncDisposable {
  readonly dataDir: string
  readonly folder: string
  readonly #name: string
  readonly #shell: Shell
  readonly #options: InstanceOptions
  readonly #complaints: string[] = []
  #running: Running | undefined
  /** What its page complains of is meant: the test provokes it. */
  mayComplain = false

  /** Not yet running. @param scratch a folder of the test's own */
  constructor(name: string, shell: Shell, scratch: string, options: InstanceOptions) {
    this.#name = name
    this.#shell = shell
    this.#options = options
    this.dataDir = path.join(scratch, name)
    this.folder = options.folder ?? path.join(scratch, `${name}-files`)
  }

  async start(): Promise<void> {
    const {
      uploadBytesPerSecond: upload,
      downloadBytesPerSecond: download,
      network = 'loopback',
      folders = [],
      opened = []
    } = this.#options
    const { dataDir, folder } = this
    mkdirSync(folder, { recursive: true })
    const flags = ['--reserve', '0', ...folders.flatMap(it => ['--folder', it])]
    if (upload != null) flags.push('--upload-limit', String(upload))
    if (download != null) flags.push('--download-limit', String(download))
    this.#running = await this.#shell.start({ dataDir, folder, flags, network, view: this.#options, opened })
    await this.page.getByRole('heading', { name: /^You are / }).waitFor()
  }

  get page(): Page {
    return this.#now.page
  }

  /** The desktop program; throws in a browser. */
  get app(): ElectronApplication {
    const { app } = this.#now
    if (app == null) throw new Error('There is no desktop program on this target')
    return app
  }

  /** Of all its pages so far. */
  get complaints(): readonly string[] {
    return [...this.#complaints, ...(this.#running?.complaints ?? [])]
  }

  get #now(): Running {
    if (this.#running == null) throw new Error(`${this.#name} is not running`)
    return this.#running
  }

  /** As another command on its data directory is told. */
  async info(): Promise<InfoLine> {
    const asked = await runPeer(['info'], { data: this.dataDir })
    return await asked.line('info')
  }

  /** "NAME STATE" of everything it shares, as another command is told. */
  async shares(): Promise<string[]> {
    const { lines } = await runPeer(['ls'], { data: this.dataDir })
    return lines.flatMap(line => (line.event === 'share' ? [`${line.name} ${line.state}`] : []))
  }

  /** It dials the other one now: another command on its data directory says so. */
  async dial(other: Instance): Promise<void> {
    const { addrs } = await other.info()
    const addr = addrs.find(it => it.includes('/127.'))
    expect(addr).toBeDefined()
    const told = await runPeer(['ls'], { data: this.dataDir, peers: [addr ?? ''] })
    expect(told.exit?.code).toBe(0)
  }

  /** A real drag of real files, or of text, onto the window. */
  async drop(paths: readonly string[], text?: string): Promise<void> {
    const { page } = this
    const cdp = await page.context().newCDPSession(page)
    try {
      const items = text == null ? [] : [{ mimeType: 'text/plain', data: text }]
      const data = { items, files: [...paths], dragOperationsMask: 1 }
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
        await cdp.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data }) // the whole window takes it
    } finally {
      await cdp.detach()
    }
  }

  /** Drops them, agrees to a copy where the target makes one, and returns the link. */
  async share(...paths: readonly string[]): Promise<string> {
    const name = paths.length === 1 ? path.basename(paths[0] ?? '') : ''
    return await this.linkAfter(async () => {
      await this.drop(paths)
      if (this.#shell.copiesDropped)
        await this.page.getByRole('dialog').getByRole('button', { name: 'Upload and share' }).click()
    }, name)
  }

  /** Shares something that lies in its folder, from there: nothing is copied on any target. */
  async shareHeld(name: string): Promise<string> {
    if (!this.#shell.copiesDropped) return await this.share(path.join(this.folder, name))
    const { page } = this
    return await this.linkAfter(async () => {
      await page.getByRole('navigation').getByRole('button', { name: 'Home' }).click()
      await page.getByRole('button', { name: 'Choose from this computer' }).click()
      await page.getByRole('checkbox', { name: `Select ${name}` }).press('Space')
      await page.getByRole('dialog').getByRole('button', { name: 'Share', exact: true }).click()
    }, name)
  }

  /** Acts, waits until the window says that it is shared, and returns the link, which must be on the clipboard then. @param name '' when Shoal makes one up */
  async linkAfter(act: () => Promise<void>, name: string): Promise<string> {
    await this.#now.writeClipboard('') // a link of before must not be taken for one of now
    await act()
    return await this.untilShared(name)
  }

  /** Until the window says that it is shared; returns the link that is on the clipboard then. */
  async untilShared(name: string): Promise<string> {
    const end = ' is shared. The link is on the clipboard.'
    await this.page
      .getByText(name === '' ? end : `“${name}”${end}`)
      .first()
      .waitFor()
    await expect.poll(async () => await this.#now.readClipboard()).toMatch(/^shoal:b[a-z2-7]+\?/)
    return await this.#now.readClipboard()
  }

  /** Where the bytes stand that are shared after `share(path)`. */
  sourceOf(file: string): string {
    return this.#shell.copiesDropped ? path.join(this.folder, path.basename(file)) : file
  }

  /** Ctrl-V into the window, outside of any field. */
  async paste(text: string): Promise<void> {
    await this.#now.writeClipboard(text)
    await this.page.locator('main').focus()
    await this.page.keyboard.press('Control+V')
  }

  /** As its user would end it. */
  async stop(): Promise<void> {
    await this.#take()?.stop()
  }

  /** SIGKILL of all of it, the window too. */
  async kill(): Promise<void> {
    await this.#take()?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #take(): Running | undefined {
    const running = this.#running
    this.#complaints.push(...(running?.complaints ?? [])) // what a page says when its host is gone is no fault of ours
    this.#running = undefined
    return running
  }
}
