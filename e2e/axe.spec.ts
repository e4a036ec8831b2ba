// What a screen reader is given: axe finds nothing, on every screen, drawer and sheet, in both themes.

import { AxeBuilder } from '@axe-core/playwright'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { openPage } from './browser.ts'
import { openScene } from './scenes.ts'
import { DONE, drawer, get, go, PLACES, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

/** Legacy mode: the other one opens a second page, which a desktop window does not have. */
async function expectClean(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  const found = violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`))
  expect.soft(found, where).toEqual([])
}

for (const theme of ['light', 'dark'] as const) {
  test(`every screen and sheet, ${theme}`, async ({ instance, scratch, target }) => {
    const [a, b] = await Promise.all([instance('a', { theme }), instance('b', { theme })])
    mkdirSync(path.join(a.folder, 'Summer'))
    for (const name of ['a.txt', 'b.txt']) writeFileSync(path.join(a.folder, 'Summer', name), name)
    for (const place of PLACES) {
      await go(a.page, place)
      await expectClean(a.page, `${place}, empty`)
    }
    await go(a.page, 'Home')
    if (target === 'web') {
      await a.page.getByRole('button', { name: 'Choose from this computer' }).click()
      await expect(a.page.getByRole('checkbox', { name: 'Choose Summer' })).toBeVisible()
      await expectClean(a.page, 'choosing')
      await a.page.keyboard.press('Escape')
      writeFileSync(scratch.at('c.txt'), 'c')
      await a.drop([scratch.at('c.txt')])
      await expect(sheet(a.page).getByRole('button', { name: 'Upload and share' })).toBeVisible()
      await expectClean(a.page, 'uploading')
      await a.page.keyboard.press('Escape')
      await expect(sheet(a.page)).toHaveCount(0)
    }
    const link = await a.shareHeld('Summer')
    await go(a.page, 'Library')
    await a.page.getByRole('button', { name: /^Summer/ }).click()
    await expect(drawer(a.page)).toBeVisible()
    await expectClean(a.page, 'the drawer of a share')
    await drawer(a.page).getByRole('button', { name: 'Show link and code' }).click()
    await expect(a.page.getByRole('img', { name: 'The link as a code to scan' })).toBeVisible()
    await expectClean(a.page, 'link and code')

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

  test(`where everything is too much, ${theme}`, async ({ chromium, target }) => {
    test.skip(target !== 'web', 'the made-up content comes from a host; the page is the same')
    await using scene = await openScene('crowded', new AbortController().signal)
    const { page, context } = await openPage(chromium, scene.url, { theme, width: 480 })
    for (const place of ['Transfers', 'Library', 'Peers'] as const) {
      await go(page, place)
      await page.locator('[data-row-main]').first().click()
      await expect(drawer(page)).toBeVisible()
      await expectClean(page, place)
      await page.keyboard.press('Escape')
    }
    await go(page, 'Transfers')
    await page
      .getByRole('button', { name: /^More for / })
      .first()
      .press('Enter')
    await page.getByRole('menuitem', { name: 'Cancel' }).press('Enter')
    await expect(sheet(page)).toBeVisible()
    await expectClean(page, 'asked once more')
    await context.close()
  })
}
