// Pictures of every screen, sheet and drawer: both themes, a desktop's and a phone's size, nothing there, an ordinary day, too much of everything.
// `npm run screenshots -- [--language de] [--zoom 2] [PART...]`: in a language, enlarged as a browser does; only those whose name holds one of the
// parts. They go to e2e/results/screens.

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { openChromium, openPage } from './browser.ts'
import { type FakeWindow, fakeWindow } from './fake-window.ts'
import { type Content, openScene } from './scenes.ts'
import { DESKTOP_VIEWS, VIEWS } from './views.ts'

const OUT = fileURLToPath(new URL('./results/screens/', import.meta.url))
const SETTLE_MS = 250 // what a picture waits for has no other sign

interface Look {
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly height: number
}
const LOOKS: readonly Look[] = (['light', 'dark'] as const).flatMap(theme => [
  { theme, width: 1200, height: 800 },
  { theme, width: 480, height: 800 }
])

const { values, positionals: wanted } = parseArgs({
  options: { language: { type: 'string', default: 'en' }, zoom: { type: 'string', default: '1' } },
  allowPositionals: true
})
const zoom = Number(values.zoom)
const suffix = (values.language === 'en' ? '' : `-${values.language}`) + (zoom === 1 ? '' : `-x${zoom}`)
mkdirSync(OUT, { recursive: true })
const browser = await openChromium()
let count = 0
try {
  for (const content of ['empty', 'usual', 'crowded'] satisfies Content[]) {
    await using scene = await openScene(content, new AbortController().signal)
    for (const look of LOOKS) await shoot(scene.url, content, look)
  }
} finally {
  await browser.close()
}
console.log(`${count} pictures in e2e/results/screens`)

async function shoot(url: string, content: Content, { theme, width, height }: Look) {
  const look = { theme, width: width / zoom, height: height / zoom, scale: zoom }
  const isWanted = (view: string): boolean => wanted.length === 0 || wanted.some(part => nameOf(view).includes(part))
  const nameOf = (view: string): string => `${view}-${content}-${theme}-${width}${suffix}.png`
  const take = async (page: Page, view: string): Promise<void> => {
    if (values.language !== 'en') await speak(page, values.language)
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: `${OUT}${nameOf(view)}` })
    count++
  }
  const views = Object.keys(VIEWS).filter(isWanted)
  if (views.length > 0) {
    const { page, context, complaints } = await openPage(browser, url, look)
    for (const view of views) {
      await page.reload()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await VIEWS[view]?.(page)
      await take(page, view)
    }
    for (const complaint of complaints) console.log(`${content} ${theme} ${width}: ${complaint}`)
    await context.close()
  }
  for (const view of Object.keys(DESKTOP_VIEWS).filter(isWanted)) {
    let window: FakeWindow | undefined
    const opened = await openPage(browser, url, look, async page => {
      window = await fakeWindow(page)
    })
    const { page, context, complaints } = opened
    await page.getByRole('heading', { level: 1 }).waitFor()
    if (window != null) await DESKTOP_VIEWS[view]?.(page, window)
    await take(page, view)
    window?.[Symbol.dispose]()
    for (const complaint of complaints) console.log(`desktop ${content} ${theme} ${width}: ${complaint}`)
    await context.close()
  }
}

/** The way to a view is found by its English names; then the language is changed as another tab would. */
async function speak(page: Page, language: string): Promise<void> {
  const change = { key: 'shoal.language', newValue: language }
  await page.evaluate(`dispatchEvent(new StorageEvent('storage', ${JSON.stringify(change)}))`)
  await page.locator(`html[lang=${language}]`).waitFor()
  // put back, so that the next way is found
  await page.evaluate(`localStorage.removeItem('shoal.language')`)
}
