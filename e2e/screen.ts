// What a person does on the screen and reads there, by roles and names.

import type { Locator, Page } from 'playwright-core'
import { expect } from '@playwright/test'
import { PLACES as NAMES } from '../app/contract/places.ts'
import { en } from '../renderer/i18n/en.ts'

/** By their names in English. */
export const PLACES = NAMES.map(name => en[`place.${name}`])
export type Place = (typeof PLACES)[number]
export const DONE = 'Every byte was checked against the link.'

/** The place is there afterwards: until then a busy page shows the one that is left. */
export async function go(page: Page, place: Place): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: place }).click()
  const name = place === 'Home' ? /^You are / : place
  await expect(page.locator('main').getByRole('heading', { name, level: 1 })).toBeVisible()
}

export const sheet = (page: Page): Locator => page.getByRole('dialog')
export const drawer = (page: Page): Locator => page.getByRole('complementary')

/** Agrees to what the open preview proposes, once all of it is there: until then the button moves. The details of the transfer are open then. */
export async function get(page: Page): Promise<void> {
  await expect(sheet(page).locator('.summary')).toHaveText(/\bfiles?\b/)
  await expect(sheet(page).getByText(/ available$/)).toBeVisible()
  await sheet(page).getByRole('button', { name: 'Get', exact: true }).click()
}

/** In Settings, which are open afterwards. */
export async function set(page: Page, setting: string, to: string): Promise<void> {
  await go(page, 'Settings')
  await page.getByRole('textbox', { name: setting }).fill(to)
  await page.keyboard.press('Enter')
}

/** From now on; '' for as fast as it goes. @param rate MB/s: slow enough that a busy machine sees the middle of a transfer, and lifted once that was seen */
export const sendAtMost = async (page: Page, rate: string): Promise<void> => set(page, 'Upload limit, MB/s', rate)

/** By its menu, which holds every action of a row. */
export async function choose(page: Page, row: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `More for ${row}` }).press('Enter')
  await page.getByRole('menuitem', { name: action }).press('Enter')
}

/** The value beside a name in the open details. */
export const fact = (page: Page, name: string): Locator =>
  drawer(page)
    .locator('.fact', { has: page.getByText(name, { exact: true }) })
    .locator('dd')

/** What may be sent twice after a stop: what was on its way, at most a few extents. */
export const IN_FLIGHT_BYTES = 2_500_000

/** How much of one of its shares went out, by the share's details, which are open afterwards. */
export async function sentBy(page: Page, name = 'film.mkv'): Promise<number> {
  await go(page, 'Library')
  await page.getByRole('list', { name: 'Library' }).getByRole('button', { name }).first().click()
  return bytesIn(await fact(page, 'Sent since Shoal started').textContent())
}

const UNITS: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

/** `12.4 MB` as a number: as exact as what the screen says, three digits. */
export function bytesIn(text: string | null): number {
  const [, number = '', unit = ''] = /([\d.,]+)\s(B|kB|MB|GB)\b/.exec(text ?? '') ?? []
  const bytes = Number(number.replaceAll(',', '')) * (UNITS[unit] ?? Number.NaN)
  expect(bytes, `bytes in “${text ?? ''}”`).not.toBeNaN()
  return bytes
}

/** How much of a transfer is here, by the sentence in its details. */
export const bytesHere = async (page: Page): Promise<number> => {
  const text = await drawer(page).locator('.summary').textContent()
  const [, number, unit] = /([\d.]+)\sof\s[\d.]+\s(\w+)/.exec(text ?? '') ?? []
  return number == null ? 0 : bytesIn(`${number} ${unit ?? ''}`)
}
