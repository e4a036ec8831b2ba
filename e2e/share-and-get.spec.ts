// What people do from the first drop to the same bytes at the other end.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MIB, listTree, randomBytes } from './content.ts'
import { choose, DONE, get, go, PLACES, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

test('dropped, the link on the clipboard, pasted by another, looked into, got: the same bytes', async ({
  instance,
  scratch
}) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const bytes = randomBytes(3 * MIB + 1, 'dropped')
  writeFileSync(scratch.at('film.mkv'), bytes)
  const link = await a.share(scratch.at('film.mkv'))
  await b.paste(link)
  await expect(sheet(b.page).getByRole('heading', { name: 'film.mkv' })).toBeVisible()
  await expect(sheet(b.page).getByText('3.1 MB · 1 file')).toBeVisible()
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'film.mkv')).equals(bytes)).toBe(true)

  await go(a.page, 'Peers')
  await expect(a.page.getByRole('list', { name: 'Peers' }).getByRole('listitem')).toHaveCount(1)
  for (const { page } of [a, b]) {
    for (const place of PLACES) {
      await go(page, place)
      expect(await page.content(), `no path of this computer in ${place}`).not.toContain(scratch.dir)
    }
  }
})

test('a folder is dropped, and all but one of its files are got', async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const files = {
    'one.jpg': randomBytes(2 * MIB, 'one'),
    'deep/two.txt': Buffer.from('two'),
    'three.txt': Buffer.from('three')
  }
  mkdirSync(scratch.at('Summer/deep'), { recursive: true })
  for (const [name, bytes] of Object.entries(files)) writeFileSync(scratch.at('Summer', name), bytes)
  await b.paste(await a.share(scratch.at('Summer')))
  await expect(sheet(b.page).getByText('3 files')).toBeVisible()
  await sheet(b.page).getByRole('checkbox', { name: 'Select three.txt' }).press('Space')
  await expect(sheet(b.page).getByText(/^2 selected/)).toBeVisible()
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  const sent = listTree(scratch.at('Summer')).filter(row => !row.includes('three.txt'))
  expect(listTree(path.join(b.folder, 'Summer'))).toEqual(sent)
  expect(sent).toHaveLength(3)
})

test('of a folder with two thousand files three are chosen, and only they arrive', PAGE, async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  for (let folder = 0; folder < 20; folder++) {
    mkdirSync(path.join(a.folder, 'Archive', `f${folder}`), { recursive: true })
    for (let file = 0; file < 100; file++)
      writeFileSync(path.join(a.folder, 'Archive', `f${folder}`, `${folder}-${file}.txt`), `This is ${folder}-${file}.`)
  }
  await b.paste(await a.shareHeld('Archive'))
  const preview = sheet(b.page)
  await expect(preview.getByText('2,000 files')).toBeVisible()
  await preview.getByRole('checkbox', { name: 'All files' }).press('Space')
  for (const folder of ['f0', 'f1', 'f12']) {
    const row = preview.getByRole('button', { name: folder, exact: true })
    await row.press('Enter')
    await preview.getByRole('checkbox', { name: `Select ${folder.slice(1)}-1.txt` }).press('Space')
    await row.press('Enter')
  }
  await expect(preview.getByText(/^3 selected/)).toBeVisible()
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  const arrived = listTree(path.join(b.folder, 'Archive')).filter(row => row.startsWith('file '))
  expect(arrived.map(row => row.split(' ')[1])).toEqual(['f0/0-1.txt', 'f1/1-1.txt', 'f12/12-1.txt'])
  expect(readFileSync(path.join(b.folder, 'Archive/f12/12-1.txt'), 'utf8')).toBe('This is 12-1.')
})

test('several things dropped at once are one share', async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  for (const name of ['one.txt', 'two.txt']) writeFileSync(scratch.at(name), name)
  await b.paste(await a.share(scratch.at('one.txt'), scratch.at('two.txt')))
  await expect(sheet(b.page).getByText('2 files')).toBeVisible()
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  const [folder = ''] = readdirSync(b.folder)
  const arrived = ['one.txt', 'two.txt'].map(name => readFileSync(path.join(b.folder, folder, name), 'utf8'))
  expect(arrived).toEqual(['one.txt', 'two.txt'])
  expect(listTree(b.folder)).toHaveLength(3)
})

test('stopping to share can be taken back: the same link leads to it again', PAGE, async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  writeFileSync(scratch.at('a.txt'), 'a')
  const link = await a.share(scratch.at('a.txt'))
  await go(a.page, 'Library')
  await choose(a.page, 'a.txt', 'Stop sharing')
  await expect(a.page.getByRole('heading', { name: 'Nothing shared yet' })).toBeVisible()
  await a.page.getByRole('button', { name: 'Undo' }).click()
  await expect(a.page.getByRole('button', { name: /^a\.txt/ })).toBeVisible()
  await b.paste(link)
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'a.txt'), 'utf8')).toBe('a')
})
