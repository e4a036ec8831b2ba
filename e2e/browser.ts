// A Chromium for the tests of the page, and a page of a host in it.

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from '../app/scripts/chromium.mjs'
import { PLAYWRIGHTS, UNSEEN } from './chromium-features.ts'
import { listenForComplaints, type View } from './shell.ts'

const FLAGS = [
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
  '--disable-gpu', // there is none: else one is imitated
  `--disable-features=${[...PLAYWRIGHTS, ...UNSEEN].join(',')}`
]

/** Rejects with one sentence when there is none. */
export async function openChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath == null) throw new Error('No Chromium here: install it, or name it in CHROMIUM.')
  const isRoot = process.getuid?.() === 0
  return await chromium.launch({ executablePath, args: [...FLAGS, ...(isRoot ? ['--no-sandbox'] : []), ...more] })
}

export interface Opened {
  readonly context: BrowserContext
  readonly page: Page
  /** What the page complained of: exceptions, refused loads, broken policies. */
  readonly complaints: string[]
}

/** A page of its own profile. `url` with its token, as `serve` prints it. @param before done with the page before it loads anything */
export async function openPage(
  browser: Browser,
  url: string,
  view: View = {},
  before: (page: Page) => Promise<unknown> = async () => {}
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: view.width ?? 1200, height: view.height ?? 800 },
    deviceScaleFactor: view.scale ?? 1,
    colorScheme: view.theme ?? 'light',
    locale: view.language ?? 'en-GB',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write']
  })
  const page = await context.newPage()
  const complaints = listenForComplaints(page)
  await before(page)
  await page.goto(url)
  return { context, page, complaints }
}
