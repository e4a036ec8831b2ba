// What a row says changes under whoever is on it. It stays the same row: with its focus, with the menu that is open, where others come and go, and in
// whatever order the engine's feeds tell of it.

import type { Locator, Page } from 'playwright-core'
import type { Share, ShareJob, Transfer } from '../app/contract/shapes.ts'
import { ListFeed, ValueFeed } from '../app/service/snapshot-feed.ts'
import { openPage } from './browser.ts'
import { openScene, share, transfer } from './scenes.ts'
import { go, type Place } from './screen.ts'
import { expect, test as base } from './spec.ts'

interface Told {
  readonly page: Page
  readonly jobs: ValueFeed<ShareJob[]>
  readonly shares: ListFeed<Share>
  readonly transfers: ListFeed<Transfer>
}

/** A page, and what its engine tells. */
const test = base.extend<{ told: Told }>({
  told: async ({ chromium }, use) => {
    const told = {
      jobs: new ValueFeed<ShareJob[]>([]),
      shares: new ListFeed<Share>(),
      transfers: new ListFeed<Transfer>()
    }
    await using scene = await openScene('empty', new AbortController().signal, service => ({
      ...service,
      share: {
        ...service.share,
        jobs: (_, { signal }) => told.jobs.read(signal),
        feed: (_, { signal }) => told.shares.read(signal)
      },
      transfer: { ...service.transfer, feed: (_, { signal }) => told.transfers.read(signal) }
    }))
    const { page, context, complaints } = await openPage(chromium, scene.url)
    await page.getByRole('heading', { name: /^You are / }).waitFor()
    await use({ page, ...told })
    expect(complaints).toEqual([])
    await context.close()
  }
})
test.skip(({ target }) => target !== 'web', 'what is told comes from a host; the page is the same')

const job = (id: string, change: Partial<ShareJob> = {}): ShareJob => ({
  job: id, name: `${id}.txt`, state: 'indexing', bytes: 1, total: 2, files: 1, rate: 0, secondsLeft: null, root: null, leftOut: null,
  error: null, ...change
}) // prettier-ignore
const madeBy = (id: string, n = 1): Share => share(n, { name: `${id}.txt`, job: id })
const doneWith = (made: Share): ShareJob => job(made.job ?? '', { state: 'done', bytes: 2, root: made.root })

const more = (page: Page, name: string): Locator => page.getByRole('button', { name: `More for ${name}` })
const item = (page: Page, name: string): Locator => page.getByRole('menuitem', { name, exact: true })
const main = (page: Page, name: string): Locator => page.locator('[data-row-main]', { hasText: name })
/** From now on `isSame` tells whether it is still this one. */
const remember = async (it: Locator): Promise<void> => it.evaluate(element => element.setAttribute('data-same', ''))
const isSame = async (it: Locator): Promise<void> => expect(it).toHaveAttribute('data-same')

const PLACES: readonly Place[] = ['Home', 'Library']

for (const place of PLACES)
  for (const first of ['job', 'share'] as const)
    test(`${place}: the menu opened while it is prepared is that of the share, told of by its ${first} first`, async ({
      told: { page, jobs, shares }
    }) => {
      await go(page, place)
      jobs.set([job('a')])
      await more(page, 'a.txt').press('Enter')
      await expect(item(page, 'Cancel')).toBeFocused()
      const made = madeBy('a')
      const tell = { job: () => jobs.set([doneWith(made)]), share: () => shares.set(made.root, made) }
      tell[first]()
      await expect(page.getByRole('menu')).toHaveCount(1)
      // the other feed is told of late: nothing but time can show that the page does not fall for the first alone
      await page.waitForTimeout(300)
      await expect(item(page, 'Cancel')).toBeVisible()
      tell[first === 'job' ? 'share' : 'job']()
      await expect(item(page, 'Stop sharing')).toBeVisible()
      await expect(item(page, 'Cancel')).toHaveCount(0)
      await expect(item(page, 'Copy link')).toBeFocused()
      await page.keyboard.press('Escape')
      await expect(more(page, 'a.txt')).toBeFocused()
    })

test('the focus stays on what becomes a share, wherever in the list that is', async ({
  told: { page, jobs, shares }
}) => {
  await go(page, 'Library')
  jobs.set([job('a'), job('b')])
  await main(page, 'a.txt').focus()
  await remember(main(page, 'a.txt'))
  const made = madeBy('a')
  shares.set(made.root, made)
  jobs.set([doneWith(made), job('b')])
  await expect(main(page, 'a.txt')).toHaveText(/1\sGB/)
  await expect(page.locator('[data-index="1"]')).toHaveText(/a\.txt/)
  await isSame(main(page, 'a.txt'))
  await expect(main(page, 'a.txt')).toBeFocused()
  await page.keyboard.press('ArrowUp')
  await expect(main(page, 'b.txt')).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('complementary', { name: /a\.txt/ })).toBeVisible()
})

test('others come before it by the hundred: its menu stays, and what it does is done to it', async ({
  told: { page, shares }
}) => {
  const row = share(900, { name: 'mine.txt' })
  shares.set(row.root, row)
  await go(page, 'Library')
  await more(page, 'mine.txt').press('Enter')
  await expect(item(page, 'Stop sharing')).toBeVisible()
  for (let n = 1; n <= 300; n++) shares.set(share(n, {}).root, share(n, { name: `other ${n}.txt` }))
  await expect(page.locator('.virtual-list > li').first()).toHaveAttribute('aria-setsize', '301')
  await item(page, 'Stop sharing').press('Enter')
  await expect(page.getByText('“mine.txt” is no longer shared.')).toBeVisible()
})

for (const place of ['Home', 'Downloads'] as const)
  test(`${place}: a download is done while its menu is open: it is the menu of what is there`, async ({
    told: { page, transfers }
  }) => {
    transfers.set('t1', transfer(1, { name: 'film.mkv', rate: 9 }))
    transfers.set('t2', transfer(2, { name: 'other.mkv', rate: 9 }))
    await go(page, place)
    if (place === 'Downloads') await page.getByRole('radio', { name: 'In progress' }).press('Space')
    await more(page, 'film.mkv').press('Enter')
    await expect(item(page, 'Pause')).toBeVisible()
    transfers.set('t1', transfer(1, { name: 'film.mkv', state: 'done', bytes: 1e9 }))
    await expect(item(page, 'Copy link')).toBeVisible()
    await expect(item(page, 'Pause')).toHaveCount(0)
    await page.keyboard.press('Escape')
    await expect(more(page, 'film.mkv')).toBeFocused()
    await page.getByRole('navigation').getByRole('button', { name: place }).focus()
    await expect(more(page, 'film.mkv'), 'nobody is on it any more').toHaveCount(0)
    await expect(more(page, 'other.mkv')).toBeVisible()
  })

test('Home: paused where it is, gone on with where it is', async ({ told: { page, transfers } }) => {
  transfers.set('t1', transfer(1, { name: 'film.mkv', rate: 9 }))
  await main(page, 'film.mkv').focus()
  await page.getByRole('button', { name: 'Pause' }).focus()
  transfers.set('t1', transfer(1, { name: 'film.mkv', state: 'paused' }))
  await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible()
  await expect(main(page, 'film.mkv'), 'the button is gone, its row is not').toBeFocused()
})

test('a place that is being left takes nothing any more', async ({ told: { page, shares, jobs } }) => {
  jobs.set([job('a')])
  await expect(more(page, 'a.txt')).toBeVisible()
  shares.set(madeBy('x').root, madeBy('x'))
  // between what is drawn at once and what is drawn in slices: in one task of the page
  const [title, isTaken] = await page.evaluate<[string, boolean]>(`(async () => {
    const of = name => [...document.querySelectorAll('button')].find(it => it.ariaLabel === name || it.textContent === name)
    of('Library').click()
    await null
    of('More for a.txt').focus()
    return [document.querySelector('main h1').textContent, document.activeElement === of('More for a.txt')]
  })()`)
  expect(title).toMatch(/^You are /)
  expect(isTaken).toBe(false)
  await expect(page.getByRole('heading', { level: 1, name: 'Library' })).toBeVisible()
})
