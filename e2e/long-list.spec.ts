// Ten thousand rows, and three in the making: only what is seen is there, every one can be reached, and turning the wheel shows the next.
// How long a turn holds the page up: `npm run bench -- --row page`.

import { openPage } from './browser.ts'
import { openScene } from './scenes.ts'
import { go } from './screen.ts'
import { expect, test } from './spec.ts'

const WHEEL_TURNS = 30

test.skip(({ target }) => target !== 'web', 'the made-up content comes from a host; the page is the same')

test('ten thousand rows: the wheel brings the next, a few are drawn, and each can be reached', async ({ chromium }) => {
  await using scene = await openScene('crowded', new AbortController().signal)
  const { page, context, complaints } = await openPage(chromium, scene.url)
  await go(page, 'Library')
  const rows = page.getByRole('list', { name: 'Library' }).getByRole('listitem')
  await expect(rows.first()).toHaveAttribute('aria-setsize', '10003')
  await page.mouse.move(600, 500)
  const last = async (): Promise<string | null> => rows.last().getAttribute('aria-posinset')
  for (let turn = 0; turn < WHEEL_TURNS; turn++) {
    const before = await last()
    await page.mouse.wheel(0, 3000)
    await expect.poll(last).not.toBe(before)
    expect(await rows.count()).toBeLessThan(80)
  }

  await page.locator('[data-row-main]').first().focus()
  await page.keyboard.press('End')
  await expect(page.locator('[data-index="10002"] [data-row-main]')).toBeFocused()
  await page.getByRole('searchbox').fill('report 1234')
  await expect(page.locator('[aria-setsize="1"]')).toHaveCount(1)
  expect(complaints).toEqual([])
  await context.close()
})
