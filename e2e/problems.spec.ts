// What goes wrong: the sentence on the screen, and the way out that it offers, followed to its end.

import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { flipByte, MIB, randomBytes } from './content.ts'
import type { Instance } from './instance.ts'
import { mountTmpfs } from './mounts.ts'
import { bytesHere, choose, DONE, drawer, get, go, IN_FLIGHT_BYTES, sendAtMost, sentBy, sheet } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

const SIZE = 12 * MIB
const FILM = randomBytes(SIZE, 'problems')
const MEGA = 1_000_000

async function shareFilm(a: Instance): Promise<string> {
  writeFileSync(path.join(a.folder, 'film.mkv'), FILM)
  return await a.shareHeld('film.mkv')
}

async function expectFilm({ page, folder }: Instance): Promise<void> {
  await expect(page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(folder, 'film.mkv')).equals(FILM)).toBe(true)
}

test('what is no link, dropped or pasted: a sentence, and another one can be pasted', async ({ instance }) => {
  const b = await instance('b')
  await b.drop([], 'a sentence from a letter')
  await expect(sheet(b.page).getByText('This is not a link Shoal can open.')).toBeVisible()
  await b.page.keyboard.press('Escape')
  await expect(sheet(b.page)).toHaveCount(0)
  await b.paste('hello, is this a link?')
  await expect(sheet(b.page).getByText('This is not a link Shoal can open.')).toBeVisible()
  await sheet(b.page).getByRole('button', { name: 'Paste another link' }).click()
  await expect(sheet(b.page)).toHaveCount(0)
  await expect(b.page.getByRole('textbox', { name: 'Paste a link' })).toBeVisible()
})

test(
  'nobody has it: it says so for as long as it looks, and gets it when somebody comes',
  PAGE,
  async ({ instance }) => {
    const a = await instance('a')
    const link = await shareFilm(a)
    await a.stop()
    const b = await instance('b')
    await b.paste(link)
    await expect(sheet(b.page).getByText('Looking for a device that has it …')).toBeVisible()
    await expect(sheet(b.page).getByText('No device that has it has responded yet.')).toBeVisible()
    await expect(sheet(b.page).getByText('Shoal is asking only other copies of Shoal on this computer.')).toBeVisible()
    await sheet(b.page).getByRole('button', { name: 'Paste another link' }).click()
    await expect(b.page.getByRole('textbox', { name: 'Paste a link' })).toBeVisible()
    await b.paste(link)
    await sheet(b.page).getByRole('button', { name: 'Get when available' }).click()
    await expect(drawer(b.page).locator('.summary')).toHaveText('Waiting for a device that has it') // after 5 s of silence
    await a.start()
    await expectFilm(b)
  }
)

test(
  'a file that changed after it was shared: its owner is told, nobody gets it, and “Share again” helps',
  PAGE,
  async ({ instance }) => {
    const [a, b] = await Promise.all([instance('a'), instance('b')])
    const link = await shareFilm(a)
    flipByte(path.join(a.folder, 'film.mkv'), SIZE / 2)
    await b.paste(link)
    await get(b.page)
    await go(a.page, 'Library')
    await expect(a.page.getByText('Changed on disk. No longer available to others.')).toBeVisible()
    await a.page.getByRole('button', { name: /^film\.mkv/ }).click()
    await expect(drawer(a.page).getByText('Share it again to get a link to the current version.')).toBeVisible()
    await expect(
      drawer(b.page)
        .getByText(/Waiting for a device that has (it|the rest)$/)
        .first()
    ).toBeVisible()
    expect(readdirSync(b.folder).filter(name => !name.endsWith('.part'))).toEqual([])

    const again = drawer(a.page).getByRole('button', { name: 'Share the current version' })
    const now = await a.linkAfter(async () => again.click(), 'film.mkv')
    expect(now.split('?')[0]).not.toBe(link.split('?')[0])
    await b.paste(now)
    await get(b.page)
    await expect(drawer(b.page).getByText(DONE)).toBeVisible()
    const [name = ''] = readdirSync(b.folder).filter(it => !it.endsWith('.part'))
    expect(readFileSync(path.join(b.folder, name)).equals(readFileSync(path.join(a.folder, 'film.mkv')))).toBe(true)
  }
)

test.describe('disks of the test’s own', () => {
  test.skip(whyNoRights() != null, whyNoRights() ?? '')

  test('no room: said before the start, and with room it can be got', PAGE, async ({ instance, scratch }) => {
    using mount = mountTmpfs(scratch.at('small'), SIZE / 2)
    const [a, b] = await Promise.all([instance('a'), instance('b', { folder: scratch.at('small') })])
    const link = await shareFilm(a)
    await b.paste(link)
    await expect(sheet(b.page).getByText(/^Not enough space there: [\d.]+\sMB more needed\./)).toBeVisible()
    await expect(sheet(b.page).getByRole('button', { name: 'Get', exact: true })).toBeDisabled()
    await sheet(b.page).getByRole('button', { name: 'Close' }).last().click()
    mount.resize(2 * SIZE)
    await b.paste(link)
    await get(b.page)
    await expectFilm(b)
    await b.stop()
  })

  test('Shoal’s own disk is full: said over every screen, nothing new begins, and all goes on when there is room', async ({
    instance,
    scratch,
    target
  }) => {
    test.skip(target !== 'web', 'Chromium keeps its profile of the window there too')
    using mount = mountTmpfs(scratch.at('b'), 24 * MIB)
    const [a, b] = await Promise.all([instance('a'), instance('b')])
    const link = await shareFilm(a)
    await sendAtMost(a.page, '1')
    await b.paste(link)
    await get(b.page)
    await expect.poll(async () => await bytesHere(b.page)).toBeGreaterThan(MEGA)
    const ballast = path.join(b.dataDir, 'somebody else’s')
    fillUp(ballast, b.dataDir, 0)
    const banner = b.page.getByRole('status').filter({ hasText: 'The disk with Shoal’s own data is full.' })
    await expect(banner).toContainText('Free up space, and they resume automatically.')
    await expect(
      drawer(b.page)
        .getByText(/^Waiting for disk space/)
        .first()
    ).toBeVisible()
    await expect(
      drawer(b.page).getByText('Everything received so far is kept. Free up space, and it resumes automatically.')
    ).toBeVisible()
    await expect(drawer(b.page).getByRole('button', { name: 'Try again' })).toBeVisible()
    await expect(drawer(b.page).getByRole('button', { name: 'Choose another folder' })).toHaveCount(0)
    writeFileSync(path.join(b.folder, 'mine.txt'), 'mine')
    await go(b.page, 'Home')
    await b.page.getByRole('button', { name: 'Choose from this computer' }).click()
    await b.page.getByRole('checkbox', { name: 'Select mine.txt' }).press('Space')
    await sheet(b.page).getByRole('button', { name: 'Share', exact: true }).click()
    await expect(sheet(b.page).getByText('The disk with Shoal’s own data is full.')).toBeVisible()
    await expect(sheet(b.page).getByText('Nothing was changed. Free up space, then try again.')).toBeVisible()
    await sheet(b.page).getByRole('button', { name: 'Close' }).last().click()
    await sendAtMost(a.page, '')
    rmSync(ballast)
    await expect(banner).toHaveCount(0)
    await go(b.page, 'Downloads')
    await b.page.getByRole('button', { name: /^film\.mkv/ }).click()
    await expectFilm(b)
    await b.stop()
    void mount
  })

  test(
    'a disk that fills up half way: it waits, keeps what it has, and goes on when there is room',
    PAGE,
    async ({ instance, scratch }) => {
      using mount = mountTmpfs(scratch.at('small'), SIZE + 2 * MIB)
      const [a, b] = await Promise.all([instance('a'), instance('b', { folder: scratch.at('small') })])
      const link = await shareFilm(a)
      await sendAtMost(a.page, '1')
      await b.paste(link)
      await get(b.page)
      await expect.poll(async () => await bytesHere(b.page)).toBeGreaterThan(MEGA)
      fillUp(path.join(b.folder, 'somebody else’s'), b.folder, 4 * MIB)
      await expect(
        drawer(b.page)
          .getByText(/^Waiting for disk space/)
          .first()
      ).toBeVisible()
      await expect(drawer(b.page).getByRole('button', { name: 'Choose another folder' })).toBeVisible()
      expect(await bytesHere(b.page)).toBeGreaterThan(MEGA)
      await sendAtMost(a.page, '')
      rmSync(path.join(b.folder, 'somebody else’s'))
      await expectFilm(b)
      expect(await sentBy(a.page), 'what was there was not sent again').toBeLessThan(SIZE + IN_FLIGHT_BYTES)
      await b.stop()
      void mount
    }
  )

  test(
    'a place that cannot be written to: said, and after “Try again” it is there',
    PAGE,
    async ({ instance, scratch }) => {
      using mount = mountTmpfs(scratch.at('small'), 2 * SIZE)
      const [a, b] = await Promise.all([instance('a'), instance('b', { folder: scratch.at('small') })])
      const link = await shareFilm(a)
      mount.makeReadOnly()
      await b.paste(link)
      await get(b.page)
      await expect(b.page.getByText('Shoal cannot write to that folder.').first()).toBeVisible()
      await expect(b.page.getByText(/Choose another folder, or allow Shoal to write there\./).first()).toBeVisible()
      mount.makeWritable()
      await go(b.page, 'Downloads')
      await choose(b.page, 'film.mkv', 'Try again')
      await b.page.getByRole('button', { name: /^film\.mkv/ }).click()
      await expectFilm(b)
      await b.stop()
    }
  )
})

/** Takes all but `leaveBytes` of what is free. */
function fillUp(file: string, dir: string, leaveBytes: number): void {
  const { bavail, bsize } = statfsSync(dir)
  try {
    writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error // somebody else wrote meanwhile: it is as full as was meant
  }
}
