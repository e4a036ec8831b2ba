// Ten thousand rows, and three in the making: only what is seen is there, every one can be reached, and scrolling never holds the page up.

import { openPage } from './browser.ts'
import { openScene } from './scenes.ts'
import { go } from './screen.ts'
import { expect, test } from './spec.ts'

const LONGEST_TASK_MS = 100
const BLOCKED_MS = 120
const WHEEL_TURNS = 30

test.skip(({ target }) => target !== 'web', 'the made-up content comes from a host; the page is the same')

test('ten thousand rows scroll without a long task', async ({ chromium }) => {
  await using scene = await openScene('crowded', new AbortController().signal)
  const { page, context, complaints } = await openPage(chromium, scene.url)
  await go(page, 'Library')
  const rows = page.getByRole('list', { name: 'Library' }).getByRole('listitem')
  await expect(rows.first()).toHaveAttribute('aria-setsize', '10003')
  await page.evaluate(`{
    window.longTasks = []
    window.takeTasks = list => window.longTasks.push(...list.map(it => Math.round(it.duration)))
    window.taskObserver = new PerformanceObserver(list => window.takeTasks(list.getEntries()))
    window.taskObserver.observe({ type: 'longtask' })
    setTimeout(() => { for (const end = performance.now() + ${BLOCKED_MS}; performance.now() < end;); })
  }`)
  const tasksSeen = async (): Promise<number[]> =>
    page.evaluate<number[]>('(window.takeTasks(window.taskObserver.takeRecords()), window.longTasks)')
  await expect
    .poll(async () => Math.max(0, ...(await tasksSeen())), 'the measurement measures')
    .toBeGreaterThanOrEqual(BLOCKED_MS)
  await page.evaluate('window.longTasks = []')
  await page.mouse.move(600, 500)
  const last = async (): Promise<string | null> => rows.last().getAttribute('aria-posinset')
  for (let turn = 0; turn < WHEEL_TURNS; turn++) {
    const before = await last()
    await page.mouse.wheel(0, 3000)
    await expect.poll(last).not.toBe(before)
  }
  expect(await rows.count()).toBeLessThan(80)
  const tasks = await tasksSeen()
  test.info().annotations.push({ type: 'long tasks, ms', description: tasks.join(' ') })
  expect(Math.max(0, ...tasks), `long tasks of ${tasks.join(', ')} ms`).toBeLessThanOrEqual(LONGEST_TASK_MS)

  await page.locator('[data-row-main]').first().focus()
  await page.keyboard.press('End')
  await expect(page.locator('[data-index="10002"] [data-row-main]')).toBeFocused()
  await page.getByRole('searchbox').fill('report 1234')
  await expect(page.locator('[aria-setsize="1"]')).toHaveCount(1)
  expect(complaints).toEqual([])
  await context.close()
})
