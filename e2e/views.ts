// Every screen, sheet and drawer by name, and the way there: for pictures and for what a screen reader is given.

import type { Page } from 'playwright-core'
import { PLACES } from '../app/contract/places.ts'
import { en } from '../renderer/i18n/en.ts'
import type { FakeWindow } from './fake-window.ts'
import { go, type Place } from './screen.ts'

/** Opens it on a page that has just been loaded. False: the content has nothing to open. */
export type View = (page: Page) => Promise<boolean | void>

const LINK = 'shoal:bafybeiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

const place = (name: Place) => async (page: Page) => go(page, name)
const paste = (text: string) => async (page: Page) => {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.locator('main').focus()
  await page.keyboard.press('Control+V')
  await page.getByRole('dialog').waitFor()
}
/** What is still being prepared has nothing to open. */
const OPENS = '[data-row-main]:not([aria-disabled])'
/** The row that says this, opened. */
const rowSaying = (name: Place, text: RegExp) => async (page: Page) => {
  await place(name)(page)
  const row = page.locator(OPENS).filter({ hasText: text }).first()
  if ((await row.count()) === 0) return false
  await row.click()
  await page.getByRole('complementary').waitFor()
  return true
}
const firstRow = (name: Place) => rowSaying(name, /./)
const menuOfFirst = (name: Place, item: RegExp) => async (page: Page) => {
  await place(name)(page)
  const menu = page
    .locator('.virtual-list .row', { has: page.locator(OPENS) })
    .getByRole('button', { name: /^More for/ })
    .first()
  if ((await menu.count()) === 0) return false
  await menu.click()
  const choice = page.getByRole('menuitem', { name: item })
  if ((await choice.count()) > 0) await choice.first().click()
  return true
}

/** In a browser. */
export const VIEWS: Record<string, View> = {
  ...Object.fromEntries(PLACES.map(name => [name, place(en[`place.${name}`])])),
  'drawer-transfer': firstRow('Downloads'),
  'drawer-share': firstRow('Library'),
  'drawer-peer': firstRow('Peers'),
  'drawer-failed': rowSaying('Downloads', /does not match the link|cannot write to/),
  'drawer-queued': rowSaying('Downloads', /Queued · /),
  'drawer-disk-full': rowSaying('Downloads', /disk space/),
  'drawer-done': rowSaying('Downloads', /^.*Completed ·/),
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
    await sheet.getByText('No device that has it has responded yet.').or(sheet.getByRole('checkbox').first()).waitFor()
  },
  'sheet-wrong-link': paste('https://example.org/'),
  'sheet-link': menuOfFirst('Library', /^Show link/),
  'sheet-cancel': menuOfFirst('Downloads', /^Cancel/),
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
  },
  // the last one: the list stays at what is queued
  'menu-queued': async page => {
    await place('Downloads')(page)
    const queued = page.getByRole('radio', { name: 'Queued' })
    if ((await queued.count()) === 0) return false
    await queued.press('Space')
    await page.locator('.virtual-list').getByRole('button', { name: /^More for/ }).nth(1).click() // prettier-ignore
    await page.getByRole('menu').waitFor()
    return true
  }
}

/** What only the desktop's window has. */
export const DESKTOP_VIEWS: Record<string, (page: Page, window: FakeWindow) => Promise<boolean | void>> = {
  'desktop-home': place('Home'),
  'desktop-settings': async page => {
    await place('Settings')(page)
    await page.locator('.version').scrollIntoViewIfNeeded()
  },
  'desktop-drawer': rowSaying('Downloads', /Completed ·/),
  'desktop-share': firstRow('Library'),
  'desktop-stopped': async (page, { state }) => {
    await place('Library')(page)
    state.set({ ...state.value, isEngineRunning: false })
    await page.getByRole('button', { name: 'Restart' }).waitFor()
  }
}
