// What has very many files is got when somebody said so, wherever it is asked for: made up, as making them would take minutes.

import type { Inputs } from '../app/contract/service.ts'
import { ListFeed } from '../app/service/snapshot-feed.ts'
import type { Transfer } from '../app/contract/shapes.ts'
import { openPage } from './browser.ts'
import { openScene, transfer } from './scenes.ts'
import { choose, go, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

const ROOT = transfer(1, {}).root
const LINK = `shoal:${ROOT}?n=archive`

test.skip(({ target }) => target !== 'web', 'what is told comes from a host; the page is the same')

test('a folder of a million files: the sheet says so and asks, and so does a download that ended for it', async ({
  chromium
}) => {
  const started: Inputs['transfer']['start'][] = []
  const transfers = new ListFeed<Transfer>()
  const ended = transfer(1, { name: 'archive', state: 'failed', error: { code: 'too-large', message: '' } })
  transfers.set(ended.id, ended)
  await using scene = await openScene('empty', new AbortController().signal, service => ({
    ...service,
    transfer: {
      ...service.transfer,
      feed: (_, { signal }) => transfers.read(signal),
      link: () => ({ link: LINK }),
      files: () => ({ total: 0, rows: [] }),
      async *preview() {
        const counts = { files: 1_234_560, entries: 1_234_567 }
        const rest = { held: false, hereBytes: 0, asked: [], askedLater: 0 }
        yield { root: ROOT, name: 'archive', bytes: 5e9, ...counts, ready: true, ...rest }
      },
      start(asked) {
        started.push(asked)
        return { id: ended.id, root: ROOT }
      }
    }
  }))
  const { page, context, complaints } = await openPage(chromium, scene.url)
  await go(page, 'Downloads')
  await expect(page.getByText('This has more files than Shoal downloads without asking.')).toBeVisible()
  await choose(page, 'archive', 'Try again')
  await expect(sheet(page).getByText('This folder has 1,234,567 files and folders.')).toBeVisible()
  const get = sheet(page).getByRole('button', { name: 'Get', exact: true })
  await expect(get).toBeDisabled()
  await sheet(page).getByRole('checkbox', { name: 'Download them all' }).press('Space')
  await get.click()
  await expect(sheet(page)).toHaveCount(0)
  expect(started.map(({ manyFiles, selection }) => [manyFiles, selection])).toEqual([[true, null]])
  expect(complaints).toEqual([])
  await context.close()
})
