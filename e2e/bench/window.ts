// What somebody at the window feels while it receives at full rate: how late the main process's loop runs, and how long the page is busy at a stretch.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ElectronApplication, _electron } from '@playwright/test'
import { writeRandomFile } from '../content.ts'
import { findElectron } from '../electron-stand-in/find-electron.ts'
import { startShare, untilShared } from '../peer.ts'
import { openScratch, type Scratch } from '../scratch.ts'
import { atMost, told } from './figures.ts'
import type { RowKind } from './row.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 300_000

interface WindowSample {
  readonly seconds: number
  /** Of the main process's event loop, in milliseconds. */
  readonly loopP99Ms: number
  readonly loopMaxMs: number
  /** Of the page's main thread; 0 when none was over the 50 ms from which Chromium counts (Long Tasks API, section 1). */
  readonly longestTaskMs: number
  readonly longTasks: number
  /** From the start of the program to the first words of the page. */
  readonly paintMs: number
}

export const WINDOW_ROWS: Readonly<Record<string, RowKind>> = {
  window: {
    roomBytes: ({ sizeBytes }) => sizeBytes,
    open: async ({ sizeBytes }) =>
      await Promise.resolve({
        title: 'the window while it receives at full rate, details open',
        async round() {
          await using scratch = openScratch(2 * sizeBytes)
          const it = await measureWindow(sizeBytes, scratch)
          return [
            atMost('tasks of the page over 50 ms', 0, it.longTasks),
            told('ms of the longest of them', it.longestTaskMs),
            atMost("ms that the main process's loop was late, p99", 20, it.loopP99Ms),
            told('ms at most', it.loopMaxMs),
            told('MB/s', sizeBytes / it.seconds / 1e6),
            told('ms from the start to the first words', it.paintMs)
          ]
        }
      })
  }
}

/** One file from another process, its details open while it comes in. */
async function measureWindow(sizeBytes: number, scratch: Scratch): Promise<WindowSample> {
  const file = scratch.at('film.mkv')
  writeRandomFile(file, sizeBytes, 'window')
  await using sender = startShare([file], { data: scratch.at('sender') })
  const { shared } = await untilShared(sender)
  const shareFile = scratch.at('film.shoal')
  writeFileSync(shareFile, shared.link)
  const startedAt = performance.now()
  const app = await openWindow(scratch, [shareFile])
  try {
    const page = await app.firstWindow()
    await page.getByRole('dialog').waitFor()
    const paintMs = performance.now() - startedAt
    await page.getByLabel('Save to').waitFor() // the last to come: from here on the page waits for the user
    await page.evaluate(WATCH_TASKS)
    await app.evaluate(watchLoop)
    const from = performance.now()
    await page.evaluate(GET_IT)
    const seconds = (performance.now() - from) / 1000
    const tasks = await page.evaluate<number[]>('window.longTasks')
    const { p99, max } = await app.evaluate(readLoop)
    return {
      seconds,
      loopP99Ms: p99,
      loopMaxMs: max,
      longestTaskMs: Math.max(0, ...tasks),
      longTasks: tasks.length,
      paintMs
    }
  } finally {
    await app.close()
  }
}

function openWindow(scratch: Scratch, opened: readonly string[]): Promise<ElectronApplication> {
  const isRoot = process.getuid?.() === 0
  const flags = ['--data', scratch.at('window'), '--folder', scratch.at('received'), '--network', 'loopback']
  return _electron.launch({
    executablePath: findElectron().executable,
    args: [...(isRoot ? ['--no-sandbox'] : []), ROOT, ...flags, '--reserve', '0', ...opened]
  })
}

/** The page itself says when it is over: looking for names and texts in every frame, as specs do, would keep it busy. */
const GET_IT = `new Promise((resolve, reject) => {
  new MutationObserver(() => document.querySelector('.verified') != null && resolve())
    .observe(document.body, { childList: true, subtree: true })
  setTimeout(() => reject(new Error('Not over in time')), ${DEADLINE_MS})
  document.querySelector('.sheet-foot .primary').click()
})`

const WATCH_TASKS = `{
  window.longTasks = []
  new PerformanceObserver(list => list.getEntries().forEach(it => window.longTasks.push(it.duration))).observe({ type: 'longtask' })
}`

/** These two run in the main process. */
function watchLoop(): void {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  Object.assign(globalThis, { delay })
}
function readLoop(): { p99: number; max: number } {
  const { delay } = globalThis as unknown as { delay: { percentile(p: number): number; max: number } } // put there above
  return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
}
