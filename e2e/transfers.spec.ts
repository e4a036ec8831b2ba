// A transfer that does not simply run through: paused, gone on with, cancelled, its window reloaded or closed half way.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MIB, randomBytes } from './content.ts'
import type { Instance } from './instance.ts'
import { bytesHere, DONE, drawer, fact, get, go, IN_FLIGHT_BYTES, sendAtMost, sentBy, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

const FILM = randomBytes(16 * MIB, 'film') // 16.8 MB
const MEGA = 1_000_000
/** More than may be sent twice after a stop, and a good deal less than the whole: what is looked at in between has time. */
const PART = 4 * MEGA

async function shareFilm(a: Instance, file: string): Promise<string> {
  writeFileSync(file, FILM)
  await sendAtMost(a.page, '1')
  return await a.share(file)
}

async function startGet(b: Instance, link: string): Promise<void> {
  await b.paste(link)
  await get(b.page)
  await untilHere(b, MEGA)
}

const untilHere = async ({ page }: Instance, bytes: number): Promise<void> =>
  expect.poll(async () => await bytesHere(page)).toBeGreaterThanOrEqual(bytes)

async function expectFilm({ page, folder }: Instance): Promise<void> {
  await expect(page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readdirSync(folder)).toEqual(['film.mkv'])
  expect(readFileSync(path.join(folder, 'film.mkv')).equals(FILM)).toBe(true)
}

/** It went on where it was: what had arrived was not sent again. */
async function expectSentOnce(a: Instance): Promise<void> {
  const sent = await sentBy(a.page)
  expect(sent).toBeLessThan(FILM.length + IN_FLIGHT_BYTES)
  expect(sent).toBeGreaterThan(FILM.length - MEGA)
}

test('paused, looked at after a reload, gone on with, done', PAGE, async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  await startGet(b, await shareFilm(a, scratch.at('film.mkv')))
  await untilHere(b, PART)
  const { page } = b
  await drawer(page).getByRole('button', { name: 'Pause' }).click()
  await expect(drawer(page).getByText(/^Paused · [\d.]+\sof\s16\.8\sMB$/)).toBeVisible()
  await sentBy(a.page)
  await expect(fact(a.page, 'Downloading now')).toHaveText('0')
  const sent = await sentBy(a.page)
  await page.reload()
  await expect(page.getByText(/^Paused · /)).toBeVisible()
  expect(await sentBy(a.page), 'nothing is sent while it is paused').toBe(sent)
  await page.getByRole('button', { name: /^film\.mkv/ }).click()
  await drawer(page).getByRole('button', { name: 'Resume' }).click()
  await sendAtMost(a.page, '')
  await expectFilm(b)
  await expectSentOnce(a)
})

test('cancelled: what had arrived is gone, and the same link gets it again', PAGE, async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  const link = await shareFilm(a, scratch.at('film.mkv'))
  await startGet(b, link)
  expect(readdirSync(b.folder)).toEqual(['film.mkv.part'])
  await drawer(b.page).getByRole('button', { name: 'Cancel' }).click()
  await expect(sheet(b.page).getByText('Everything downloaded so far is deleted.')).toBeVisible()
  await sheet(b.page).getByRole('button', { name: 'Keep download' }).click()
  await untilHere(b, 2 * MEGA)
  await drawer(b.page).getByRole('button', { name: 'Cancel' }).click()
  await sheet(b.page).getByRole('button', { name: 'Cancel and remove' }).click()
  await expect(b.page.getByRole('heading', { name: 'No downloads yet' })).toBeVisible()
  await expect.poll(() => readdirSync(b.folder)).toEqual([])
  await sendAtMost(a.page, '')
  await b.paste(link)
  await get(b.page) // as fast as it goes: nobody need see the middle
  await expectFilm(b)
})

for (const end of ['stop', 'kill'] as const)
  test(`half way its window ends (${end}); started again it goes on and fetches nothing twice`, async ({
    instance,
    scratch
  }) => {
    const [a, b] = await Promise.all([instance('a'), instance('b')])
    await startGet(b, await shareFilm(a, scratch.at('film.mkv')))
    await untilHere(b, PART)
    await b[end]()
    await b.start()
    await sendAtMost(a.page, '')
    await go(b.page, 'Downloads')
    await b.page.getByRole('button', { name: /^film\.mkv/ }).click()
    await expectFilm(b)
    await expectSentOnce(a)
  })

/** What the page shows of the first transfer from its first moment on, whenever that changes; `nothing` where it offers to somebody who has none to see it work. */
const WATCH_SHOWN = `{
  window.shown = []
  const look = () => {
    const row = document.querySelector('main [data-row-main]')
    const text = row?.textContent ?? (document.querySelector('main section[aria-label="See it work"]') == null ? null : 'nothing')
    if (text != null && text !== window.shown.at(-1)) window.shown.push(text)
  }
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true })
}`

test('the page is reloaded in the middle of it: the first it shows is where it is', async ({ instance, scratch }) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  await startGet(b, await shareFilm(a, scratch.at('film.mkv')))
  const before = await bytesHere(b.page)
  await b.page.addInitScript(WATCH_SHOWN)
  await b.page.reload({ waitUntil: 'commit' })
  await b.page.getByText(/^[1-9][\d.]*\sof\s16\.8\sMB/).waitFor()
  const shown = await b.page.evaluate<string[]>('window.shown')
  const progress = shown.map(text => /([\d.]+)\sof\s16\.8\sMB/.exec(text)?.[1])
  expect(Number(progress[0]) * MEGA, `shown: ${shown.join(' | ')}`).toBeGreaterThanOrEqual(before)
  await sendAtMost(a.page, '')
  await go(b.page, 'Downloads')
  await b.page.getByRole('button', { name: /^film\.mkv/ }).click()
  await expectFilm(b)
  await expectSentOnce(a)
})
