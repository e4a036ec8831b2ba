// Pictures of every screen, sheet and drawer: both themes, a desktop's and a phone's size, nothing there, an ordinary day, too much of everything.
// `npm run screenshots [PART...]`: only those whose name holds one of the parts. They go to e2e/results/screens.

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { openChromium, openPage } from './browser.ts'
import { type FakeWindow, fakeWindow } from './fake-window.ts'
import { type Content, openScene } from './scenes.ts'
import { go, type Place } from './screen.ts'

const OUT = fileURLToPath(new URL('./results/screens/', import.meta.url))
const LINK = 'shoal:bafybeiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const SETTLE_MS = 250 // what a picture waits for has no other sign

const place = (name: Place) => async (page: Page) => {
  await go(page, name)
  const title = name === 'Home' ? /^You are / : name
  await page.locator('main').getByRole('heading', { name: title, level: 1 }).waitFor()
}
const paste = (text: string) => async (page: Page) => {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.locator('main').focus()
  await page.keyboard.press('Control+V')
  await page.getByRole('dialog').waitFor()
}
const firstRow = (name: Place) => async (page: Page) => {
  await place(name)(page)
  const row = page.locator('[data-row-main]').first()
  if ((await row.count()) > 0) await row.click()
}
/** The row that says this, opened; nothing where there is none. */
const rowSaying = (name: Place, text: RegExp) => async (page: Page) => {
  await place(name)(page)
  const row = page.locator('[data-row-main]').filter({ hasText: text }).first()
  if ((await row.count()) > 0) await row.click()
}
const menuOfFirst = (name: Place, item: RegExp) => async (page: Page) => {
  await place(name)(page)
  const menu = page
    .locator('.virtual-list')
    .getByRole('button', { name: /^More for/ })
    .first()
  if ((await menu.count()) === 0) return
  await menu.click()
  const choice = page.getByRole('menuitem', { name: item })
  if ((await choice.count()) > 0) await choice.first().click()
}

const VIEWS: Record<string, (page: Page) => Promise<unknown>> = {
  home: place('Home'),
  transfers: place('Transfers'),
  library: place('Library'),
  peers: place('Peers'),
  settings: place('Settings'),
  'drawer-transfer': firstRow('Transfers'),
  'drawer-share': firstRow('Library'),
  'drawer-peer': firstRow('Peers'),
  'drawer-failed': rowSaying('Transfers', /What arrived was not|cannot be written to/),
  'drawer-disk-full': rowSaying('Transfers', /disk is full/),
  'drawer-done': rowSaying('Transfers', /^.*Done ·/),
  'drawer-changed': rowSaying('Library', /Changed on disk/),
  'drawer-missing': rowSaying('Library', /not where they were/),
  'settings-end': async page => {
    await place('Settings')(page)
    await page.locator('.version').scrollIntoViewIfNeeded()
  },
  'sheet-preview': paste(LINK),
  'sheet-no-room': async page => {
    await paste(LINK)(page)
    await page.getByRole('combobox', { name: 'Save to' }).selectOption('Photos')
  },
  'sheet-nobody': async page => {
    await paste(LINK)(page)
    const sheet = page.getByRole('dialog')
    await sheet.getByText('Nobody who has it has answered yet.').or(sheet.getByRole('checkbox').first()).waitFor()
  },
  'sheet-wrong-link': paste('https://example.org/'),
  'sheet-link': menuOfFirst('Library', /^Show link/),
  'sheet-cancel': menuOfFirst('Transfers', /^Cancel/),
  'menu-share': menuOfFirst('Library', /^none$/),
  'sheet-folders': async page => {
    await place('Home')(page)
    await page.getByRole('button', { name: 'Choose from this computer' }).click()
    const folder = page.getByRole('dialog').getByRole('button', { name: 'Downloads' })
    await folder.click()
  },
  'sheet-upload': async page => {
    await place('Home')(page)
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'Notes.txt', mimeType: 'x/y', buffer: Buffer.alloc(9) })
  }
}

/** What only the desktop's window has. */
const DESKTOP_VIEWS: Record<string, (page: Page, window: FakeWindow) => Promise<unknown>> = {
  'desktop-home': place('Home'),
  'desktop-settings': async page => {
    await place('Settings')(page)
    await page.locator('.version').scrollIntoViewIfNeeded()
  },
  'desktop-drawer': rowSaying('Transfers', /Done ·/),
  'desktop-share': firstRow('Library'),
  'desktop-stopped': async (page, { state }) => {
    await place('Library')(page)
    state.set({ ...state.value, isEngineRunning: false })
    await page.getByRole('button', { name: 'Start again' }).waitFor()
  }
}

interface Look {
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly height: number
}
const LOOKS: readonly Look[] = (['light', 'dark'] as const).flatMap(theme => [
  { theme, width: 1200, height: 800 },
  { theme, width: 480, height: 800 }
])

const wanted = process.argv.slice(2)
mkdirSync(OUT, { recursive: true })
const browser = await openChromium()
let count = 0
try {
  for (const content of ['empty', 'usual', 'crowded'] satisfies Content[]) {
    await using scene = await openScene(content, new AbortController().signal)
    for (const look of LOOKS) await shoot(scene.url, content, look)
  }
} finally {
  await browser.close()
}
console.log(`${count} pictures in e2e/results/screens`)

async function shoot(url: string, content: Content, { theme, width, height }: Look) {
  const isWanted = (view: string): boolean => wanted.length === 0 || wanted.some(part => nameOf(view).includes(part))
  const nameOf = (view: string): string => `${view}-${content}-${theme}-${width}.png`
  const take = async (page: Page, view: string): Promise<void> => {
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: `${OUT}${nameOf(view)}` })
    count++
  }
  const views = Object.keys(VIEWS).filter(isWanted)
  if (views.length > 0) {
    const { page, context, complaints } = await openPage(browser, url, { theme, width, height })
    for (const view of views) {
      await page.reload()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await VIEWS[view]?.(page)
      await take(page, view)
    }
    for (const complaint of complaints) console.log(`${content} ${theme} ${width}: ${complaint}`)
    await context.close()
  }
  for (const view of Object.keys(DESKTOP_VIEWS).filter(isWanted)) {
    let window: FakeWindow | undefined
    const opened = await openPage(browser, url, { theme, width, height }, async page => {
      window = await fakeWindow(page)
    })
    const { page, context, complaints } = opened
    await page.getByRole('heading', { level: 1 }).waitFor()
    if (window != null) await DESKTOP_VIEWS[view]?.(page, window)
    await take(page, view)
    window?.[Symbol.dispose]()
    for (const complaint of complaints) console.log(`desktop ${content} ${theme} ${width}: ${complaint}`)
    await context.close()
  }
}
