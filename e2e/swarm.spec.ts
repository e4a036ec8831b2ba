// Three instances on one swarm: the loss of one is waited out, and the last to come is helped by all.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MIB, randomBytes } from './content.ts'
import type { Instance } from './instance.ts'
import { bytesHere, DONE, drawer, get, IN_FLIGHT_BYTES, sentBy } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'

const SIZE = 16 * MIB
const FILM = randomBytes(SIZE, 'swarm')
const MEGA = 1_000_000

/** Each has it where it keeps its files, so that nothing is copied. */
const put = ({ folder }: Instance): void => writeFileSync(path.join(folder, 'film.mkv'), FILM)

const expectFilm = async ({ page, folder }: Instance): Promise<void> => {
  await expect(page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(folder, 'film.mkv')).equals(FILM)).toBe(true)
}

test(
  'the only one who has it leaves: the getter says what it waits for, and goes on when a third has it',
  PAGE,
  async ({ instance }) => {
    const [a, b] = await Promise.all([instance('a', { uploadBytesPerSecond: MEGA }), instance('b')])
    put(a)
    await b.paste(await a.shareHeld('film.mkv'))
    await get(b.page)
    await expect.poll(async () => await bytesHere(b.page)).toBeGreaterThan(4 * MEGA) // more than may be sent twice, and a good deal less than the whole
    await a.stop()
    await expect(
      drawer(b.page)
        .getByText(/Waiting for a device that has the rest$/)
        .first()
    ).toBeVisible()
    const kept = await bytesHere(b.page)
    expect(kept).toBeLessThan(SIZE)

    const c = await instance('c')
    put(c)
    await c.shareHeld('film.mkv')
    await c.dial(b)
    await expectFilm(b)
    expect(await sentBy(c.page), 'what was there was not sent again').toBeLessThan(SIZE - kept + IN_FLIGHT_BYTES)
  }
)

test('the third gets it from both, and each sends a part', PAGE, async ({ instance }) => {
  const upload = { uploadBytesPerSecond: 1.5 * MEGA }
  const [a, b] = await Promise.all([instance('a', upload), instance('b', upload)])
  put(a)
  put(b)
  const link = await a.shareHeld('film.mkv')
  expect((await b.shareHeld('film.mkv')).split('?')[0]).toBe(link.split('?')[0]) // the same content, the same link
  const c = await instance('c')
  await c.dial(b)
  await c.paste(link)
  await get(c.page)
  await expect(drawer(c.page).getByText('from ').first()).toContainText('and 1 other')
  await expect(drawer(c.page).locator('.sources li')).toHaveCount(2)
  await expectFilm(c)
  const sent = [await sentBy(a.page), await sentBy(b.page)] as const
  for (const bytes of sent) expect(bytes).toBeGreaterThan(2 * MEGA)
  expect(sent[0] + sent[1], 'hardly anything came twice').toBeLessThan(SIZE + IN_FLIGHT_BYTES)
})
