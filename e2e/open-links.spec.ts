// Links and share files that come from outside the window: each opens the preview in the window that is there, and nothing is downloaded by that.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { startAgain } from './electron-shell.ts'
import type { Instance } from './instance.ts'
import { DONE, get, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

test.skip(({ target }) => target !== 'electron', 'a page in a browser has no such door')

async function expectPreview({ page, folder }: Instance): Promise<void> {
  await expect(sheet(page).getByRole('heading', { name: 'letter.txt' })).toBeVisible()
  await expect(sheet(page).getByText('1 file')).toBeVisible()
  expect(readdirSync(folder)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(sheet(page)).toHaveCount(0)
}

test('a second start with a link, or a share file, shows it in the first window', async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  writeFileSync(scratch.at('letter.txt'), 'Dear Ana')
  const link = await a.share(scratch.at('letter.txt'))

  await startAgain(b.dataDir, [link])
  await expectPreview(b)
  writeFileSync(scratch.at('letter.shoal'), `${link}\n`)
  for (const opened of [scratch.at('letter.shoal'), pathToFileURL(scratch.at('letter.shoal')).href]) {
    await startAgain(b.dataDir, [opened]) // desktops name a file by its path or its address
    await expectPreview(b)
  }
  for (const [event, opened] of [
    ['open-url', link],
    ['open-file', scratch.at('letter.shoal')]
  ] as const) {
    await b.app.evaluate(({ app }, it) => app.emit(it.event, { preventDefault: () => {} }, it.opened), {
      event,
      opened
    }) // as macOS says it
    await expectPreview(b)
  }
  expect(b.app.windows()).toHaveLength(1)

  await startAgain(b.dataDir, ['shoal:nonsense'])
  await expect(sheet(b.page).getByText('This is not a link Shoal can open.')).toBeVisible()
})

test('started by a link it opens with the preview, which leads to the file', async ({ instance, scratch }) => {
  const a = await instance('a')
  writeFileSync(scratch.at('letter.txt'), 'Dear Ana')
  const link = await a.share(scratch.at('letter.txt'))
  const b = await instance('b', { opened: [link] })
  await expect(sheet(b.page).getByRole('heading', { name: 'letter.txt' })).toBeVisible()
  expect(readdirSync(b.folder)).toEqual([])
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'letter.txt'), 'utf8')).toBe('Dear Ana')
})
