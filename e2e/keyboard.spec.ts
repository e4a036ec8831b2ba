// Everything by keyboard: there is no mouse in this file.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import type { Instance } from './instance.ts'
import { DONE, PLACES, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

const MOST_STOPS = 60

/** Presses Tab until it has the focus. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await expect(wanted).toBeVisible()
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await wanted.evaluate(element => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  await expect(wanted, 'reached by Tab').toBeFocused()
}

test('shared and got by keyboard alone', async ({ instance, target }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const file = path.join(a.folder, 'letter.txt')
  writeFileSync(file, 'Dear Ana')
  const byKeys = target === 'web' ? chooseInPage : chooseInDialog
  const link = await a.linkAfter(async () => byKeys(a, file), 'letter.txt')

  await tabTo(b.page, b.page.getByRole('textbox', { name: 'Paste a link' }))
  await b.page.keyboard.insertText(link)
  await b.page.keyboard.press('Enter')
  await expect(sheet(b.page).getByText('1 file')).toBeVisible()
  await tabTo(b.page, sheet(b.page).getByRole('button', { name: 'Get', exact: true }))
  await b.page.keyboard.press('Enter')
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'letter.txt'), 'utf8')).toBe('Dear Ana')
})

async function chooseInPage({ page }: Instance, file: string): Promise<void> {
  await tabTo(page, page.getByRole('button', { name: 'Choose from this computer' }))
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByRole('checkbox', { name: `Select ${path.basename(file)}` }))
  await page.keyboard.press('Space')
  await tabTo(page, sheet(page).getByRole('button', { name: 'Share', exact: true }))
  await page.keyboard.press('Enter')
}

/** The dialog is the system's: what it would answer is put in its place. */
async function chooseInDialog({ page, app }: Instance, file: string): Promise<void> {
  await app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
  }, file)
  await tabTo(page, page.getByRole('button', { name: 'Choose files' }))
  await page.keyboard.press('Enter')
}

test('the name is changed, and the places are reached', async ({ instance }) => {
  const { page } = await instance('a')
  await tabTo(page, page.getByRole('button', { name: 'Edit your name' }))
  await page.keyboard.press('Enter')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('Ana')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'You are Ana' })).toBeVisible()
  for (const [at, place] of PLACES.entries()) {
    await page.keyboard.press(`Alt+${at + 1}`)
    const heading = place === 'Home' ? 'You are Ana' : place
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible()
  }
})
