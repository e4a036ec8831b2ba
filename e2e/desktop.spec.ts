// What only the desktop's window has: it goes on in the tray, says who would be cut off, starts its engine again, remembers its place, tells the system.

import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ElectronApplication } from 'playwright-core'
import { MIB, writeRandomFile } from './content.ts'
import { startAgain } from './electron-shell.ts'
import { findElectron } from './electron-stand-in/find-electron.ts'
import type { Instance, InstanceOptions } from './instance.ts'
import type { Scratch } from './scratch.ts'
import { bytesHere, choose, DONE, get, go, IN_FLIGHT_BYTES, sendAtMost, sentBy } from './screen.ts'
import { expect, test } from './spec.ts'

test.skip(({ target }) => target !== 'electron', 'a browser has neither tray nor menu')

/** Throws inside the engine's thread, as a fault of ours would. */
const crashEngine = (app: ElectronApplication): Promise<void> =>
  app.evaluate(async () => {
    const { Session } = process.getBuiltinModule('node:inspector')
    const session = new Session()
    session.connect()
    const attached = new Promise<string>(resolve => {
      session.on('NodeWorker.attachedToWorker', ({ params }) => {
        if (params.workerInfo.title.includes('engine')) resolve(params.sessionId)
      })
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
    const expression = "setTimeout(() => { throw new Error('as asked') })"
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } })
    session.post('NodeWorker.sendMessageToWorker', { sessionId: await attached, message })
  })

const closeWindow = (app: ElectronApplication): Promise<void> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())

/** What the system shows of it now; only the stand-in can be asked. */
const shownBySystem = (app: ElectronApplication): Promise<{ tray: unknown; progress: unknown; isKeptAwake: boolean }> =>
  app.evaluate(({ powerSaveBlocker }) => {
    const { recorded } = (globalThis as unknown as { standIn: { recorded: { name: string; args: unknown[] }[] } })
      .standIn
    const last = (wanted: string): unknown => recorded.findLast(({ name }) => name === wanted)?.args[0]
    const newest = recorded.filter(({ name }) => name === 'powerSaveBlocker.start').length - 1
    return {
      tray: last('Tray.setToolTip'),
      progress: last('BrowserWindow.setProgressBar'),
      isKeptAwake: newest >= 0 && powerSaveBlocker.isStarted(newest)
    }
  })

const isVisible = (app: ElectronApplication): Promise<boolean> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some(window => window.isVisible()))

test('an engine that dies half way: the window says so; started again it has everything, and gets only the rest', async ({
  instance,
  scratch
}) => {
  const [ana, bo] = await Promise.all([instance('ana'), instance('bo')])
  const [film, notes] = [scratch.at('film.mkv'), scratch.at('notes.bin')]
  const size = 12 * MIB
  writeRandomFile(film, size, 'film')
  writeRandomFile(notes, MIB, 'notes')
  await bo.share(notes)
  await sendAtMost(ana.page, '1')
  await bo.paste(await ana.share(film))
  await get(bo.page)
  await expect.poll(() => bytesHere(bo.page)).toBeGreaterThan(4_000_000) // more than may be sent twice
  scratch.mayCrash = true
  await crashEngine(bo.app)
  const banner = bo.page.getByRole('alert').filter({ hasText: 'Nothing is lost' })
  await banner.getByRole('button', { name: 'Restart' }).click()
  await expect(banner).toBeHidden()
  await sendAtMost(ana.page, '')
  expect((await bo.info()).network).toBe('loopback')
  await go(bo.page, 'Downloads')
  await bo.page.getByRole('button', { name: /^film\.mkv/ }).click()
  await expect(bo.page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(bo.folder, 'film.mkv')).equals(readFileSync(film))).toBe(true)
  expect(await sentBy(ana.page), 'what was there was not sent again').toBeLessThan(size + IN_FLIGHT_BYTES)
  await go(bo.page, 'Library')
  await expect(bo.page.getByRole('button', { name: /^notes\.bin/ })).toBeVisible()
})

test('a damaged index is made anew after one question, and what was shared comes back', async ({
  instance,
  scratch
}) => {
  const bo = await instance('bo')
  const notes = scratch.at('notes.bin')
  writeRandomFile(notes, MIB, 'notes')
  await bo.share(notes)
  await expect.poll(() => readFileSync(path.join(bo.dataDir, 'catalogue.json'), 'utf8')).toContain('notes.bin')
  scratch.mayCrash = true
  await crashEngine(bo.app)
  await expect(bo.page.getByRole('button', { name: 'Restart' })).toBeVisible()
  writeFileSync(path.join(bo.dataDir, 'shoal.db'), 'x'.repeat(100_000))
  await answerTo(bo.app, 0)
  await bo.page.getByRole('button', { name: 'Restart' }).click()
  await expect.poll(() => askedOf(bo.app)).toEqual(['Shoal’s index is damaged'])
  await expect(bo.page.getByRole('button', { name: 'Restart' })).toBeHidden()
  await expect.poll(() => bo.shares()).toEqual(['notes.bin ready'])
  await go(bo.page, 'Library')
  await expect(bo.page.getByRole('button', { name: /^notes\.bin/ })).toBeVisible()
  expect(readdirSync(bo.dataDir).filter(name => name.startsWith('damaged-index-'))).toHaveLength(1)
})

/** As the switch in Settings does; on Linux it is off until somebody wants it. */
const letStay = async ({ page }: Instance): Promise<void> => {
  await go(page, 'Settings')
  const stays = page.getByRole('switch', { name: 'Keep sharing when the window is closed' })
  await stays.press('Space')
  await expect(stays).toBeChecked()
  await go(page, 'Home')
}

/** Puts an answer in place of the system's question: the number of its button. What was asked is in `asked`. */
const answerTo = (app: ElectronApplication, response: 0 | 1): Promise<void> =>
  app.evaluate(({ dialog }, given) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    // the members of the real dialog that a test may replace; the options come last
    dialog.showMessageBox = (async (...args: { message: string }[]) => {
      asked.push(args.at(-1)?.message ?? '')
      return { response: given, checkboxChecked: false }
    }) as typeof dialog.showMessageBox
  }, response)
const askedOf = (app: ElectronApplication): Promise<string[]> =>
  app.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)

/** Somebody is in the middle of getting a film from the first. */
async function openFetch(
  instance: (name: string, options?: InstanceOptions) => Promise<Instance>,
  scratch: Scratch
): Promise<{ ana: Instance; bo: Instance; film: string }> {
  const ana = await instance('ana', { uploadBytesPerSecond: 1_000_000 })
  const bo = await instance('bo')
  const film = scratch.at('film.mkv')
  writeRandomFile(film, 8 * MIB, 'film')
  const link = await ana.share(film)
  await bo.paste(link)
  await get(bo.page)
  await expect.poll(() => bytesHere(bo.page)).toBeGreaterThan(0)
  return { ana, bo, film }
}

test('closing the window leaves it running for who is fetching; quitting says who that is', async ({
  instance,
  scratch
}) => {
  const { ana, bo, film } = await openFetch(instance, scratch)
  const { isReal } = findElectron()
  if (!isReal) {
    const busy = { tray: 'Shoal is transferring', isKeptAwake: true }
    await expect.poll(() => shownBySystem(bo.app)).toMatchObject(busy)
    const { progress } = await shownBySystem(bo.app)
    expect(progress).toBeGreaterThan(0)
    expect(progress).toBeLessThan(1)
  }
  await letStay(ana)
  await closeWindow(ana.app)
  await expect.poll(() => isVisible(ana.app)).toBe(false)
  await answerTo(ana.app, 0)
  await ana.app.evaluate(({ app }) => app.quit())
  await expect.poll(() => askedOf(ana.app)).toHaveLength(1)
  expect((await askedOf(ana.app))[0]).toMatch(/ is still downloading “film\.mkv” from you\.$/)
  await expect(bo.page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(bo.folder, 'film.mkv')).equals(readFileSync(film))).toBe(true)
  if (isReal) return
  const idle = { tray: 'Shoal is ready', progress: -1, isKeptAwake: false }
  await expect.poll(() => shownBySystem(bo.app)).toEqual(idle)
})

test('closing a window that does not stay asks first, once, and leaves it where it is when the answer is no', async ({
  instance,
  scratch
}) => {
  const { ana, bo, film } = await openFetch(instance, scratch)
  const windows = (): Promise<number[]> =>
    ana.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map(({ id }) => id))
  const before = await windows()
  await answerTo(ana.app, 0)
  await ana.app.evaluate(({ app, BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.close()
    app.quit() // an impatient second time
  })
  await expect.poll(() => askedOf(ana.app)).toHaveLength(1)
  await expect(bo.page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(bo.folder, 'film.mkv')).equals(readFileSync(film))).toBe(true)
  expect([await windows(), await isVisible(ana.app)]).toEqual([before, true])
  expect(await askedOf(ana.app)).toHaveLength(1)
})

test('a system that shuts down asks nobody', async ({ instance, scratch }) => {
  test.skip(process.platform === 'win32', 'Windows tells the window')
  const { ana } = await openFetch(instance, scratch)
  await answerTo(ana.app, 0)
  const ended = once(ana.app.process(), 'exit')
  await ana.app.evaluate(({ powerMonitor }) => void setImmediate(() => powerMonitor.emit('shutdown')))
  expect(await ended).toEqual([0, null])
  expect(existsSync(path.join(ana.dataDir, 'run.json'))).toBe(false)
})

test('what is no longer shared stays so when Shoal is ended before it could be taken back', async ({
  instance,
  scratch
}) => {
  const ana = await instance('ana')
  const file = scratch.at('private.txt')
  writeFileSync(file, 'not for everybody')
  await ana.share(file)
  await go(ana.page, 'Library')
  await choose(ana.page, 'private.txt', 'Stop sharing')
  await expect(ana.page.getByRole('button', { name: 'Undo' })).toBeVisible()
  await ana.stop()
  await ana.start()
  await go(ana.page, 'Library')
  await expect(ana.page.getByText('Nothing shared yet')).toBeVisible()
  await expect(ana.page.getByRole('button', { name: /^private\.txt/ })).toBeHidden()
})

test('a page whose process dies comes back by itself, and that is logged', async ({ instance, scratch }) => {
  const ana = await instance('ana')
  scratch.mayCrash = true
  const gone = ana.page.waitForEvent('crash')
  await ana.app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents
    const back = new Promise<void>(resolve => contents?.once('did-finish-load', () => resolve()))
    Object.assign(globalThis, { back })
    contents?.forcefullyCrashRenderer()
  })
  await gone
  await ana.app.evaluate(async () => (globalThis as unknown as { back: Promise<void> }).back)
  const heading = (): Promise<string> =>
    ana.app.evaluate(
      ({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(
          `document.querySelector('h1')?.textContent ?? ''`
        ) as Promise<string> // as the expression answers
    )
  await expect.poll(heading).toMatch(/^You are /)
  expect(readFileSync(path.join(ana.dataDir, 'logs/shoal.jsonl'), 'utf8')).toContain('"page.gone"')
})

test('a page that is loaded again goes on with ports of its own, in the same process', async ({ instance }) => {
  const ana = await instance('ana')
  await ana.app.evaluate(({ app }) => {
    const gone: string[] = []
    Object.assign(globalThis, { gone })
    app.on('render-process-gone', (_event, _contents, { reason }) => gone.push(reason))
  })
  for (let turn = 0; turn < 3; turn++) {
    await ana.page.reload()
    await expect(ana.page.getByRole('heading', { name: /^You are / })).toBeVisible()
  }
  expect(await ana.app.evaluate(() => (globalThis as unknown as { gone: string[] }).gone)).toEqual([])
})

test('a page that is left and comes back as it was connects again', async ({ instance }) => {
  const ana = await instance('ana')
  const status = ana.page.getByRole('heading', { name: /^You are / })
  await ana.page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`)
  await letStay(ana)
  await expect(status).toBeVisible()
  writeFileSync(path.join(ana.folder, 'note.txt'), 'here')
  await ana.share(path.join(ana.folder, 'note.txt'))
})

test('started hidden it stays hidden, whatever size it had; asked for, it has that size', async ({ instance }) => {
  const before = await instance('ana')
  await before.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.maximize())
  await before.stop()
  const ana = await instance('ana', { opened: ['--hidden'] })
  expect(await isVisible(ana.app)).toBe(false)
  await startAgain(ana.dataDir, [])
  await expect.poll(() => isVisible(ana.app)).toBe(true)
  const isMaximized = (): Promise<boolean | undefined> =>
    ana.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isMaximized())
  if (!findElectron().isReal) expect(await isMaximized()).toBe(true) // there may be no window manager
})

test('a second start shows the first one again; the place of the window is remembered', async ({ instance }) => {
  const ana = await instance('ana')
  await letStay(ana)
  await ana.app.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows()
    window?.setBounds({ x: 40, y: 30, width: 700, height: 560 })
    window?.close()
  })
  await expect.poll(() => isVisible(ana.app)).toBe(false)
  await startAgain(ana.dataDir, [])
  await expect.poll(() => isVisible(ana.app)).toBe(true)
  await ana.stop()
  const { bounds } = JSON.parse(readFileSync(path.join(ana.dataDir, 'window/window.json'), 'utf8')) as {
    bounds: object
  }
  expect(bounds).toMatchObject({ width: 700, height: 560 })
  await ana.start()
  const size = await ana.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())
  expect(size).toMatchObject({ width: 700, height: 560 })
})

test('the menu leads to places and shares; a word when something is done while nobody looks', async ({
  instance,
  scratch
}) => {
  const ana = await instance('ana')
  const bo = await instance('bo')
  const file = scratch.at('hello.txt')
  writeFileSync(file, 'hello')
  await ana.app.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = (async () => ({ canceled: false, filePaths: [chosen] })) as typeof dialog.showOpenDialog
  }, file)
  const click = (app: ElectronApplication, id: string): Promise<void> =>
    app.evaluate(({ Menu }, wanted) => Menu.getApplicationMenu()?.getMenuItemById(wanted)?.click(), id)
  await click(ana.app, 'library')
  await expect(ana.page.getByRole('heading', { level: 1, name: 'Library' })).toBeVisible()
  await click(ana.app, 'files')
  const link = await ana.untilShared('hello.txt')

  await bo.app.evaluate(({ BrowserWindow, Notification }) => {
    const shown: string[] = []
    Object.assign(globalThis, { shown })
    const show = Notification.prototype.show
    Notification.prototype.show = function () {
      shown.push(`${this.title}: ${this.body}`)
      show.call(this)
    }
    const [window] = BrowserWindow.getAllWindows()
    if (window != null) window.isFocused = () => false
  })
  await bo.paste(link)
  await get(bo.page)
  const shown = (): Promise<string[]> => bo.app.evaluate(() => (globalThis as unknown as { shown: string[] }).shown)
  await expect.poll(shown).toEqual(['hello.txt: Download complete, every byte checked. Click to see it.'])
})
