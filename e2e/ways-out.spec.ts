// Ways out that the screen offers by itself, taken: waiting for somebody, sharing again, limits that are remembered, another place for downloads.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { choose, DONE, drawer, get, go, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

const NOBODY = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'

const rootOf = (link: string): string | undefined => link.split('?')[0]

test('nobody answers: what is tried is said; another link, or waiting for it', async ({ instance }) => {
  const a = await instance('a')
  const { page } = a
  await a.paste(NOBODY)
  await expect(sheet(page).getByText('Nobody who has it has answered yet.')).toBeVisible()
  await expect(sheet(page).getByText('Shoal asks the copies running on this computer.')).toBeVisible()
  await sheet(page).getByRole('button', { name: 'Paste another link' }).click()
  await expect(page.getByRole('textbox', { name: 'Paste a link' })).toBeVisible()
  await a.paste(NOBODY)
  await sheet(page).getByRole('button', { name: 'Get it when somebody has it' }).click()
  await expect(
    drawer(page)
      .getByText(/Looking for somebody who has it|Waiting for somebody/)
      .first()
  ).toBeVisible()
})

test('what changed on disk is shared again from its own row', async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const file = path.join(a.folder, 'plan.txt')
  writeFileSync(file, 'as it was')
  const before = await a.shareHeld('plan.txt')
  writeFileSync(file, 'as it is now')
  await b.paste(before)
  await sheet(b.page).getByRole('button', { name: 'Get', exact: true }).click() // nobody gets it, and its owner hears of it
  await go(a.page, 'Library')
  await expect(a.page.getByText(/^Changed on disk since it was shared\./)).toBeVisible()
  const now = await a.linkAfter(async () => choose(a.page, 'plan.txt', 'Share again as it is now'), 'plan.txt')
  expect(rootOf(now)).not.toBe(rootOf(before))
  await expect(a.page.getByRole('list', { name: 'Library' }).getByRole('listitem')).toHaveCount(1)
  await expect(a.page.getByText(/^Changed on disk/)).toHaveCount(0)
  await b.paste(now)
  await get(b.page)
  await expect(drawer(b.page).getByText(DONE)).toBeVisible()
})

test('a limit for one share holds until Shoal ends, whoever asks', async ({ instance }) => {
  const a = await instance('a')
  writeFileSync(path.join(a.folder, 'a.txt'), 'a')
  await a.shareHeld('a.txt')
  const limit = drawer(a.page).getByRole('textbox', { name: 'Send this at most, MB/s' })
  const open = async (): Promise<void> => {
    await go(a.page, 'Library')
    await a.page.getByRole('button', { name: /^a\.txt/ }).click()
  }
  await open()
  await limit.fill('2.5')
  await limit.press('Enter')
  await a.page.reload()
  await open()
  await expect(limit).toHaveValue('2.5')
})

test('what is got goes where Settings says', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window asks the system for a folder')
  const a = await instance('a')
  await go(a.page, 'Settings')
  const field = a.page.getByRole('combobox', { name: 'Downloads go to' })
  await expect(field.locator('option:checked')).toHaveText('a-files')
  await expect(a.page.getByText(/^Room for /)).toBeVisible()
  await expect(a.page.locator('.fact', { hasText: 'Shoal’s own index takes' }).locator('dd')).toHaveText(/^\d.*B$/)
  expect(readFileSync(path.join(a.dataDir, 'settings.json'), 'utf8')).toContain('"downloads": null')
})

test('an upload that breaks off leaves nothing; again, and it is shared', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window shares files where they are')
  const { page, folder } = await instance('a')
  let puts = 0
  await page.route('**/api/uploads/*/*', async route => (puts++ === 0 ? route.abort() : route.continue()))
  const buffer = Buffer.alloc(3_000_000, 1)
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.bin', mimeType: 'x/y', buffer })
  await sheet(page).getByRole('button', { name: 'Upload and share' }).click()
  await expect(sheet(page).getByRole('alert')).toContainText('The upload stopped half way.')
  await expect.poll(() => readdirSync(folder)).toEqual([])
  await sheet(page).getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByText(/^“notes\.bin” is shared\./)).toBeVisible()
  expect(readFileSync(path.join(folder, 'notes.bin')).equals(buffer)).toBe(true)
})
