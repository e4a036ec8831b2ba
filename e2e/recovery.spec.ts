// Ways out that the screen offers by itself, taken: sharing again, limits that hold, another place for downloads.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { randomBytes } from './content.ts'
import { choose, DONE, drawer, get, go, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

const MEGA = 1_000_000

const rootOf = (link: string): string | undefined => link.split('?')[0]

test('what changed on disk is shared again from its own row', PAGE, async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const file = path.join(a.folder, 'plan.txt')
  writeFileSync(file, 'as it was')
  const before = await a.shareHeld('plan.txt')
  writeFileSync(file, 'as it is now')
  await b.paste(before)
  await sheet(b.page).getByRole('button', { name: 'Get', exact: true }).click() // nobody gets it, and its owner hears of it
  await go(a.page, 'Library')
  await expect(a.page.getByText(/^Changed on disk\./)).toBeVisible()
  const now = await a.linkAfter(async () => choose(a.page, 'plan.txt', 'Share the current version'), 'plan.txt')
  expect(rootOf(now)).not.toBe(rootOf(before))
  await expect(a.page.getByRole('list', { name: 'Library' }).getByRole('listitem')).toHaveCount(1)
  await expect(a.page.getByText(/^Changed on disk/)).toHaveCount(0)
  await b.paste(now)
  await get(b.page)
  await expect(drawer(b.page).getByText(DONE)).toBeVisible()
  const arrived = readdirSync(b.folder).filter(name => !name.endsWith('.part'))
  expect(arrived.map(name => readFileSync(path.join(b.folder, name), 'utf8'))).toEqual(['as it is now'])
})

test('a limit for one share holds until Shoal ends, whoever asks', PAGE, async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const bytes = randomBytes(3 * MEGA, 'limited')
  writeFileSync(path.join(a.folder, 'a.bin'), bytes)
  const link = await a.shareHeld('a.bin')
  const limit = drawer(a.page).getByRole('textbox', { name: 'Upload limit, MB/s' })
  const open = async (): Promise<void> => {
    await go(a.page, 'Library')
    await a.page.getByRole('button', { name: /^a\.bin/ }).click()
  }
  await open()
  await limit.fill('1')
  await limit.press('Enter')
  await a.page.reload()
  await open()
  await expect(limit).toHaveValue('1')
  await b.paste(link)
  const began = performance.now()
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(performance.now() - began, 'ms for 3 MB at 1 MB/s').toBeGreaterThan(2000)
  expect(readFileSync(path.join(b.folder, 'a.bin')).equals(bytes)).toBe(true)
})

test('what is got goes where Settings says', async ({ instance, scratch, target }) => {
  const chosen = scratch.at('elsewhere')
  mkdirSync(chosen)
  const isWeb = target === 'web' // a browser may choose among the host's folders, the window asks the system
  const [a, b] = await Promise.all([instance('a'), instance('b', isWeb ? { folders: [chosen] } : {})])
  if (!isWeb)
    await b.app.evaluate(({ dialog }, folder) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [folder] })
    }, chosen)
  await go(b.page, 'Settings')
  await expect(b.page.getByText(/ available$/)).toBeVisible()
  await expect(b.page.locator('.fact', { hasText: 'Space used by Shoal’s index' }).locator('dd')).toHaveText(/^\d.*B$/)
  const field = b.page.getByRole('combobox', { name: 'Save downloads to' })
  await expect(field.locator('option:checked')).toHaveText('b-files')
  await field.selectOption(isWeb ? 'elsewhere' : 'Choose another folder …')
  await expect(field.locator('option:checked')).toHaveText('elsewhere')

  writeFileSync(path.join(a.folder, 'note.txt'), 'here')
  await b.paste(await a.shareHeld('note.txt'))
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(chosen, 'note.txt'), 'utf8')).toBe('here')
  expect(readdirSync(b.folder)).toEqual([])
})

test('an upload that breaks off leaves nothing; again, and it is shared', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window shares files where they are')
  const a = await instance('a')
  const { page, folder } = a
  a.mayComplain = true
  let puts = 0
  await page.route('**/api/uploads/*/*', async route => (puts++ === 0 ? route.abort() : route.continue()))
  const buffer = Buffer.alloc(3_000_000, 1)
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.bin', mimeType: 'x/y', buffer })
  await sheet(page).getByRole('button', { name: 'Upload and share' }).click()
  await expect(sheet(page).getByRole('alert')).toContainText('The upload was interrupted.')
  await expect.poll(() => readdirSync(folder)).toEqual([])
  await sheet(page).getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByText(/^“notes\.bin” is shared\./)).toBeVisible()
  expect(readFileSync(path.join(folder, 'notes.bin')).equals(buffer)).toBe(true)
})
