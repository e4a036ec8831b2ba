// What people do next to what they meant: take it back, do it again, press a key too many. Nothing of theirs is lost by it, and the focus is never nowhere.

import { writeFileSync } from 'node:fs'
import { choose, go, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

test('what was removed is taken back by the keyboard, and the focus stays in the list', async ({
  instance,
  scratch
}) => {
  const a = await instance('a')
  for (const name of ['first.txt', 'second.txt']) {
    writeFileSync(scratch.at(name), name)
    await a.share(scratch.at(name))
  }
  await go(a.page, 'Library')
  await choose(a.page, 'second.txt', 'Stop sharing')
  await expect(a.page.getByRole('button', { name: /^second\.txt/ })).toHaveCount(0)
  await expect(a.page.getByRole('button', { name: /^first\.txt/ })).toBeFocused()
  await a.page.keyboard.press('Control+Z')
  await expect(a.page.getByRole('button', { name: /^second\.txt/ })).toBeVisible()
  await expect(a.page.getByText('“second.txt” is no longer shared.')).toHaveCount(0)
})

test(
  'what was just shared stands on Home; shared again before it was gone, it stays',
  PAGE,
  async ({ instance, scratch }) => {
    const a = await instance('a')
    writeFileSync(scratch.at('a.txt'), 'a')
    await a.share(scratch.at('a.txt'))
    await go(a.page, 'Home')
    await choose(a.page, 'a.txt', 'Show link and QR code')
    await expect(sheet(a.page).getByRole('img', { name: 'QR code of the link' })).toBeVisible()
    await a.page.keyboard.press('Escape')

    await choose(a.page, 'a.txt', 'Stop sharing')
    const removal = a.page.getByText('“a.txt” is no longer shared.')
    await expect(removal).toBeVisible()
    await a.share(scratch.at('a.txt'))
    await expect(removal).toHaveCount(0)
    await go(a.page, 'Library')
    await expect(a.page.getByRole('button', { name: /^a.*\.txt/ })).toBeVisible()
  }
)

test('nothing on the clipboard is no dead end', PAGE, async ({ instance }) => {
  const a = await instance('a')
  const { page } = a
  await a.paste(' ')
  await expect(sheet(page).getByText('This is not a link Shoal can open.')).toBeVisible()
  await sheet(page).getByRole('button', { name: 'Paste another link' }).click()
  await expect(sheet(page)).toHaveCount(0)
})

test('an upload is not ended by a key or a link that comes in between', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window shares files where they are')
  const a = await instance('a')
  const { page } = a
  await page.route('**/api/uploads/*/*', () => {}) // never answered
  await page.setInputFiles('input[type=file]', { name: 'film.mkv', mimeType: '', buffer: Buffer.alloc(1000) })
  await sheet(page).getByRole('button', { name: 'Upload and share' }).click()
  await expect(sheet(page).getByText(/\sof\s1\skB/)).toBeVisible()
  await page.keyboard.press('Escape')
  await a.paste('shoal:bafybei')
  await expect(page.getByText('Another upload is in progress.')).toBeVisible()
  await expect(sheet(page).getByRole('heading', { name: 'film.mkv' })).toBeVisible()
  await sheet(page).getByRole('button', { name: 'Cancel' }).click()
  await expect(sheet(page)).toHaveCount(0)
})
