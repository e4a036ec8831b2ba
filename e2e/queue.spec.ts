// Downloads that wait for their turn: seen in the queue, moved, begun out of turn, and each goes on by itself when another is done. A real sender, slowed.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { MIB, randomBytes } from './content.ts'
import type { Instance } from './instance.ts'
import { choose, get, go, sendAtMost, set, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

const NAMES = ['one.bin', 'two.bin', 'three.bin', 'four.bin']
const row = (page: Page, name: string): Locator => page.locator('main [data-row-main]', { hasText: name })
const says = async (page: Page, name: string, text: RegExp): Promise<void> =>
  expect(row(page, name)).toHaveText(text, { timeout: 60_000 })
const GOING = /MB\/s|Looking|\dof/
/** The names in the order of the list. */
const order = async (page: Page): Promise<string[]> =>
  (await page.locator('main [data-row-main] .row-name').allTextContents()).map(name => name.replace('.bin', ''))

/** All of them shared, then all got, one at a time. */
async function fill(a: Instance, b: Instance, sizeBytes: number): Promise<void> {
  await set(b.page, 'Simultaneous downloads', '1')
  const links: string[] = []
  for (const name of NAMES) {
    writeFileSync(path.join(a.folder, name), randomBytes(sizeBytes, name))
    links.push(await a.shareHeld(name))
  }
  for (const link of links) {
    await b.paste(link)
    await get(b.page)
    await expect(sheet(b.page)).toHaveCount(0)
  }
  await go(b.page, 'Downloads')
}

test(
  'one goes, the others wait in the queue; moved and begun by menu and keys; all arrive',
  PAGE,
  async ({ instance }) => {
    const [a, b] = await Promise.all([instance('a'), instance('b')])
    const { page } = b
    await sendAtMost(a.page, '0.4')
    await fill(a, b, 16 * MIB)
    await says(page, 'one.bin', GOING)
    await says(page, 'two.bin', /Queued · up next/)
    await says(page, 'four.bin', /Queued · 3rd in queue/)
    await expect.poll(async () => order(page)).toEqual(['one', 'two', 'three', 'four'])
    await expect(page.getByRole('radio', { name: /^Queued/ })).toHaveAccessibleName(/3/)

    await choose(page, 'four.bin', 'Move up')
    await says(page, 'four.bin', /2nd in queue/)
    await expect(page.getByRole('button', { name: 'More for four.bin' })).toBeFocused()
    await row(page, 'two.bin').focus()
    await page.keyboard.press('Alt+ArrowDown')
    await says(page, 'two.bin', /2nd in queue/)
    await expect(row(page, 'two.bin')).toBeFocused()
    await expect.poll(async () => order(page)).toEqual(['one', 'four', 'two', 'three'])

    await row(page, 'three.bin').click()
    const details = page.getByRole('complementary')
    await expect(details.getByText('3 of 3')).toBeVisible()
    await details.getByRole('button', { name: 'Start now' }).click()
    await says(page, 'three.bin', GOING)
    await says(page, 'one.bin', /Queued · up next/)
    await choose(page, 'two.bin', 'Pause')
    await says(page, 'two.bin', /Paused/)
    await choose(page, 'two.bin', 'Resume')
    await says(page, 'two.bin', /Queued · 3rd in queue/)

    await set(b.page, 'Simultaneous downloads', '4')
    await sendAtMost(a.page, '')
    await go(page, 'Downloads')
    for (const name of NAMES) await says(page, name, /Completed/)
    for (const name of NAMES)
      expect(readFileSync(path.join(b.folder, name)).equals(randomBytes(16 * MIB, name)), name).toBe(true)
  }
)

test('the next begins by itself when one is done', PAGE, async ({ instance }) => {
  const [a, b] = await Promise.all([instance('a', { uploadBytesPerSecond: 3_000_000 }), instance('b')])
  await fill(a, b, 4 * MIB)
  for (const name of NAMES) await says(b.page, name, /Completed/)
})
