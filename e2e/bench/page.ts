// What somebody at the page waits for: its first words, where a transfer is after a reload in the middle of it, and ten thousand rows under the wheel.

import type { Browser, Page } from 'playwright-core'
import { openChromium, openPage } from '../browser.ts'
import { MIB, writeRandomFile } from '../content.ts'
import { startServe, startShare, untilShared } from '../peer.ts'
import { openScene } from '../scenes.ts'
import { get, go } from '../screen.ts'
import type { Scratch } from '../scratch.ts'
import { median } from './figures.ts'

const SIZE = 64 * MIB // at the limit below longer than all that is looked at
const UPLOAD_BYTES_PER_SECOND = 2_000_000
const WHEEL_TURNS = 30
/** As bare as a page can be, in the same browser: what a reload of ours is compared with. */
const BARE = 'data:text/html,<p>bare'

/** Milliseconds; those of loads count from the start of the navigation. */
export interface PageSample {
  /** First words of a page of one word. */
  readonly bareMs: number
  readonly paintMs: number
  /** A reload while something arrives, until its progress is on the screen. */
  readonly progressMs: number
  /** The longest of the tasks over 50 ms (Long Tasks API, section 1) while the list is scrolled; 0 for none. */
  readonly longestTaskMs: number
}

export async function measurePage(runs: number, scratch: Scratch): Promise<PageSample> {
  const chromium = await openChromium()
  try {
    return { ...(await measureLoads(chromium, runs, scratch)), longestTaskMs: await measureScrolling(chromium, runs) }
  } finally {
    await chromium.close()
  }
}

async function measureLoads(
  chromium: Browser,
  runs: number,
  scratch: Scratch
): Promise<Omit<PageSample, 'longestTaskMs'>> {
  const file = scratch.at('film.mkv')
  writeRandomFile(file, SIZE, 'page')
  await using sender = startShare([file], { data: scratch.at('sender'), uploadLimit: UPLOAD_BYTES_PER_SECOND })
  const { shared } = await untilShared(sender)
  await using host = startServe({
    data: scratch.at('host'),
    more: ['--folder', scratch.at('received'), '--reserve', '0']
  })
  const { url } = await host.line('ui')
  const { page, context } = await openPage(chromium, url)
  const bare = await context.newPage()
  await page.getByRole('textbox', { name: 'Paste a link' }).fill(shared.link)
  await page.keyboard.press('Enter')
  await get(page)
  await page.getByText(PROGRESS).first().waitFor()
  await page.addInitScript(WATCH_PROGRESS)
  const [bareMs, paintMs, progressMs]: number[][] = [[], [], []]
  for (let run = 0; run < runs; run++) {
    await bare.bringToFront() // what is in the background is not painted
    await bare.goto(BARE)
    bareMs?.push(await firstPaint(bare))
    await page.bringToFront()
    await page.reload({ waitUntil: 'commit' })
    progressMs?.push(await page.evaluate<number>('window.progressAt'))
    paintMs?.push(await firstPaint(page))
  }
  await context.close()
  return { bareMs: median(bareMs ?? []), paintMs: median(paintMs ?? []), progressMs: median(progressMs ?? []) }
}

const PROGRESS = /[1-9][\d.]*\sof\s67\.1\sMB/
const WATCH_PROGRESS = `window.progressAt = new Promise(resolve =>
  new MutationObserver((_, observer) => {
    if (!${String(PROGRESS)}.test(document.querySelector('main')?.textContent ?? '')) return
    observer.disconnect()
    requestAnimationFrame(() => resolve(performance.now()))
  }).observe(document, { childList: true, subtree: true, characterData: true })
)`

const NEXT_FRAME = 'new Promise(resolve => requestAnimationFrame(resolve))'

const firstPaint = async (page: Page): Promise<number> =>
  page.evaluate<number>(`new Promise(resolve =>
    new PerformanceObserver((list, observer) => {
      const found = list.getEntriesByName('first-contentful-paint')[0]
      if (found == null) return
      observer.disconnect()
      resolve(found.startTime)
    }).observe({ type: 'paint', buffered: true }))`)

async function measureScrolling(chromium: Browser, runs: number): Promise<number> {
  const longest: number[] = []
  for (let run = 0; run < runs; run++) {
    await using scene = await openScene('crowded', new AbortController().signal)
    const { page, context } = await openPage(chromium, scene.url)
    await go(page, 'Library')
    await page.evaluate(`{
      window.longTasks = []
      window.taskObserver = new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(it => it.duration)))
      window.taskObserver.observe({ type: 'longtask' })
    }`)
    const rows = page.getByRole('list', { name: 'Library' }).getByRole('listitem')
    await page.mouse.move(600, 500)
    for (let turn = 0; turn < WHEEL_TURNS; turn++) {
      const before = await rows.last().getAttribute('aria-posinset')
      await page.mouse.wheel(0, 3000)
      while ((await rows.last().getAttribute('aria-posinset')) === before) await page.evaluate(NEXT_FRAME)
    }
    longest.push(
      await page.evaluate<number>(
        'Math.max(0, ...window.longTasks, ...window.taskObserver.takeRecords().map(it => it.duration))'
      )
    )
    await context.close()
  }
  return median(longest)
}

export function formatPage({ bareMs, paintMs, progressMs, longestTaskMs }: PageSample): string {
  const beside = (ms: number): string => `${ms.toFixed(0)} ms, ${(ms / bareMs).toFixed(1)} × a page of one word`
  return [
    'the page in a browser:',
    `  first words ${beside(paintMs)}`,
    `  reloaded while something arrives, its progress ${beside(progressMs)}`,
    `  ten thousand rows under the wheel: ${longestTaskMs === 0 ? 'no task over 50 ms' : `longest task ${longestTaskMs.toFixed(0)} ms`}`
  ].join('\n')
}
