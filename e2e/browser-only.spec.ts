// What only a browser needs: choosing among the host's folders, uploading to them, saving through the page.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MIB, listTree, randomBytes } from './content.ts'
import { DONE, get, go, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

test.skip(({ target }) => target !== 'web', 'the window names files where they are, and opens them there')

test('chosen among the folders of the host, and shared from where it is', async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  mkdirSync(path.join(a.folder, 'Summer'), { recursive: true })
  writeFileSync(path.join(a.folder, 'Summer/one.txt'), 'one')
  expect(a.page.url(), 'the token left the address').not.toContain('token')
  await b.paste(await a.shareHeld('Summer'))
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(listTree(path.join(b.folder, 'Summer'))).toEqual(listTree(path.join(a.folder, 'Summer')))
})

test('uploaded from the browser, shared from the host, saved by the browser', async ({ instance }) => {
  const { page, folder } = await instance('a')
  const bytes = randomBytes(2 * MIB, 'uploaded')
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.bin', mimeType: 'x/y', buffer: bytes })
  await sheet(page).getByRole('button', { name: 'Upload and share' }).click()
  await expect(page.getByText('“notes.bin” is shared.')).toBeVisible()
  expect(readFileSync(path.join(folder, 'notes.bin')).equals(bytes)).toBe(true)
  await go(page, 'Library')
  await page.getByRole('button', { name: /^notes\.bin/ }).click()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save notes.bin on this device' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe('notes.bin')
  expect(readFileSync(await saved.path()).equals(bytes)).toBe(true)
})
