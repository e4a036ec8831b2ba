// What a screen reader is given: axe finds nothing, on every screen, drawer, sheet and banner, in both themes.

import { AxeBuilder } from '@axe-core/playwright'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { openPage } from './browser.ts'
import { type FakeWindow, fakeWindow } from './fake-window.ts'
import { openScene } from './scenes.ts'
import { DONE, drawer, get, go, PLACES, sheet } from './screen.ts'
import { expect, test } from './spec.ts'
import { DESKTOP_VIEWS, VIEWS } from './views.ts'

/** In place of the half megabyte that makes axe, where a page has it already: the builder would bring it twice for every look. */
const LOADED = 'undefined'

/** Legacy mode: the other one opens a second page, which a desktop window does not have. */
async function expectClean(page: Page, where: string): Promise<void> {
  const axe = new AxeBuilder((await page.evaluate(`'axe' in window`)) ? { page, axeSource: LOADED } : { page })
  const { violations } = await axe
    .setLegacyMode(true)
    .options({ resultTypes: ['violations'] })
    .analyze()
  const found = violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`))
  expect.soft(found, where).toEqual([])
}

const expectTheme = async (page: Page, theme: 'light' | 'dark'): Promise<void> =>
  expect.poll(() => page.evaluate(`matchMedia('(prefers-color-scheme: dark)').matches`)).toBe(theme === 'dark')

/** Only there: with too much of everything. */
const CROWDED = ['drawer-disk-full', 'drawer-missing']
/** Further down than a small screen shows. */
const BELOW = ['drawer-failed', 'drawer-queued', 'drawer-done']
const ALL = Object.keys(VIEWS)
const CONTENTS = [
  { content: 'empty', width: 1200, names: { light: ['sheet-nobody'], dark: ['home', 'sheet-nobody'] }, lacks: [] },
  { content: 'usual', width: 1200, names: { light: ALL, dark: ALL }, lacks: CROWDED },
  // what is different there has the same colours: once is enough
  { content: 'crowded', width: 480, names: { light: ALL, dark: ['transfers', 'library', ...CROWDED] }, lacks: BELOW }
] as const

/** Whatever a view has opened. */
async function closeAll(page: Page): Promise<void> {
  for (const opened of [page.getByRole('menu'), sheet(page), drawer(page)]) {
    if ((await opened.count()) === 0) continue
    await page.keyboard.press('Escape')
    await expect(opened).toHaveCount(0)
  }
}

test('two windows from nothing to a file, one light, one dark', async ({ instance, target }) => {
  test.skip(target === 'web', 'there it is looked at with made-up content')
  const [a, b] = await Promise.all([instance('a', { theme: 'dark' }), instance('b', { theme: 'light' })])
  mkdirSync(path.join(a.folder, 'Summer'))
  for (const name of ['a.txt', 'b.txt']) writeFileSync(path.join(a.folder, 'Summer', name), name)
  for (const [{ page }, theme] of [
    [b, 'dark'],
    [a, 'light'],
    [a, 'dark'],
    [b, 'light']
  ] as const) {
    await go(page, 'Settings') // there the window is told, whatever Playwright would have it be
    await page.getByRole('combobox', { name: 'Theme' }).selectOption(theme === 'dark' ? 'Dark' : 'Light')
    await expectTheme(page, theme)
  }
  for (const place of PLACES) {
    await go(a.page, place)
    await expectClean(a.page, `${place}, empty`)
  }
  await go(a.page, 'Home')
  const link = await a.shareHeld('Summer')
  await expectClean(a.page, 'a word that it is shared')
  await go(a.page, 'Library')
  await a.page.getByRole('button', { name: /^Summer/ }).click()
  await expect(drawer(a.page)).toBeVisible()
  await expectClean(a.page, 'the drawer of a share')
  await drawer(a.page).getByRole('button', { name: 'Show link and QR code' }).click()
  await expect(a.page.getByRole('img', { name: 'QR code of the link' })).toBeVisible()
  await expectClean(a.page, 'link and code')
  await a.page.keyboard.press('Escape')
  if (process.platform === 'linux') {
    writeFileSync(Buffer.concat([Buffer.from(path.join(a.folder, 'Summer/')), Buffer.of(0xff)]), 'no name in UTF-8')
    await a.drop([path.join(a.folder, 'Summer')])
    await expect(sheet(a.page).getByText('Some files cannot be read.')).toBeVisible()
    await expectClean(a.page, 'a problem')
  }

  await b.paste('no link')
  await expect(sheet(b.page).getByRole('alert')).toBeVisible()
  await expectClean(b.page, 'no link')
  await b.page.keyboard.press('Escape')
  await expect(sheet(b.page)).toHaveCount(0)
  await b.paste(link)
  await expect(sheet(b.page).getByText('2 files')).toBeVisible()
  await expectClean(b.page, 'preview')
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  await expectClean(b.page, 'the drawer of a transfer')
  await go(b.page, 'Peers')
  await b.page.locator('[data-row-main]').first().click()
  await expect(drawer(b.page)).toBeVisible()
  await expectClean(b.page, 'the drawer of a peer')
})

for (const theme of ['light', 'dark'] as const) {
  for (const { content, width, names, lacks } of CONTENTS)
    test(`every view of made-up content, ${content}, ${theme}`, async ({ chromium, target }) => {
      test.skip(target !== 'web', 'the made-up content comes from a host; the page is the same')
      test.setTimeout(240_000)
      await using scene = await openScene(content, new AbortController().signal)
      const { page, context } = await openPage(chromium, scene.url, { theme, width })
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expectTheme(page, theme)
      const missed: string[] = []
      for (const name of names[theme]) {
        await closeAll(page)
        if ((await VIEWS[name]?.(page)) === false) missed.push(name)
        else await expectClean(page, `${name}, ${content}`)
      }
      expect(missed, 'views that the content has nothing for').toEqual(
        lacks.filter(name => names[theme].some(it => it === name))
      )
      await scene[Symbol.asyncDispose]()
      await expect(page.getByRole('status').filter({ hasText: 'Shoal is not responding.' })).toBeVisible()
      await expectClean(page, `nobody answers, ${content}`)
      await context.close()
    })

  test(`the desktop’s own views, and a page without its key, ${theme}`, async ({ chromium, target }) => {
    test.skip(target !== 'web', 'the window is faked: once is enough')
    await using scene = await openScene('usual', new AbortController().signal)
    let window: FakeWindow | undefined
    const desktop = await openPage(chromium, scene.url, { theme }, async page => {
      window = await fakeWindow(page)
    })
    if (window == null) throw new Error('The page has no window')
    await desktop.page.getByRole('heading', { level: 1 }).waitFor()
    for (const [name, view] of Object.entries(DESKTOP_VIEWS)) {
      await closeAll(desktop.page)
      expect(await view(desktop.page, window)).not.toBe(false)
      await expectClean(desktop.page, name)
    }
    window[Symbol.dispose]()
    await desktop.context.close()
    const { page, context } = await openPage(chromium, new URL('/', scene.url).href, { theme })
    await expect(page.getByRole('heading', { name: 'This page has no key' })).toBeVisible()
    await expectTheme(page, theme)
    await expectClean(page, 'no key')
    await context.close()
  })
}
