// Everything by keyboard: there is no mouse in this file.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
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
  test.skip(target !== 'web', 'the window opens the system’s own dialog to choose files')
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  writeFileSync(path.join(a.folder, 'letter.txt'), 'Dear Ana')
  await tabTo(a.page, a.page.getByRole('button', { name: 'Choose from this computer' }))
  await a.page.keyboard.press('Enter')
  await tabTo(a.page, a.page.getByRole('checkbox', { name: 'Choose letter.txt' }))
  await a.page.keyboard.press('Space')
  await tabTo(a.page, sheet(a.page).getByRole('button', { name: 'Share', exact: true }))
  await a.page.keyboard.press('Enter')
  const link = await a.untilShared('letter.txt')

  await tabTo(b.page, b.page.getByRole('textbox', { name: 'Paste a link' }))
  await b.page.keyboard.insertText(link)
  await b.page.keyboard.press('Enter')
  await expect(sheet(b.page).getByText('1 file')).toBeVisible()
  await tabTo(b.page, sheet(b.page).getByRole('button', { name: 'Get', exact: true }))
  await b.page.keyboard.press('Enter')
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'letter.txt'), 'utf8')).toBe('Dear Ana')
})

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
