// A language with longer words, chosen in another tab of the same browser.

import { openPage } from './browser.ts'
import { openScene } from './scenes.ts'
import { expect, test } from './spec.ts'

test.skip(({ target }) => target !== 'web', 'a window has one page, and the page is the same')

test('the language that is chosen in one tab is that of the others, and the rail keeps its icons', async ({
  chromium
}) => {
  await using scene = await openScene('crowded', new AbortController().signal)
  const { page, context, complaints } = await openPage(chromium, scene.url)
  const other = await context.newPage()
  await other.goto(scene.url)
  await other.getByRole('button', { name: 'Settings' }).click()
  await other.getByRole('combobox', { name: 'Language' }).selectOption('Deutsch')
  const rail = page.getByRole('navigation')
  await expect(rail.getByRole('button', { name: 'Einstellungen' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(rail.getByText('99+')).toBeVisible()
  for (const icon of await rail.locator('.place svg').all())
    expect(await icon.boundingBox()).toMatchObject({ width: 20, height: 20 })
  expect(complaints).toEqual([])
  await context.close()
})
