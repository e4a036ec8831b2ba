// What only the desktop's window has: it goes on in the tray, says who would be cut off, starts its engine again, remembers its place, tells the system.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ElectronApplication } from 'playwright-core'
import { MIB, writeRandomFile } from './content.ts'
import { startAgain } from './electron-shell.ts'
import { bytesHere, DONE, get, go } from './screen.ts'
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

const isVisible = (app: ElectronApplication): Promise<boolean> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some(window => window.isVisible()))

test('an engine that dies: the window says so, and starts it again with everything in place', async ({
  instance,
  scratch
}) => {
  const ana = await instance('ana')
  const file = scratch.at('notes.bin')
  writeRandomFile(file, MIB, 'notes')
  await ana.share(file)
  scratch.mayCrash = true
  await crashEngine(ana.app)
  const banner = ana.page.getByRole('alert').filter({ hasText: 'Nothing is lost' })
  await banner.getByRole('button', { name: 'Start again' }).click()
  await expect(banner).toBeHidden()
  await go(ana.page, 'Library')
  await expect(ana.page.getByRole('button', { name: /^notes\.bin/ })).toBeVisible()
  expect((await ana.info()).network).toBe('loopback')
})

test('closing the window leaves it running for who is fetching; quitting says who that is', async ({
  instance,
  scratch
}) => {
  const ana = await instance('ana', { uploadBytesPerSecond: 1_000_000 })
  const bo = await instance('bo')
  const film = scratch.at('film.mkv')
  writeRandomFile(film, 8 * MIB, 'film')
  const link = await ana.share(film)
  await bo.paste(link)
  await get(bo.page)
  await expect.poll(() => bytesHere(bo.page)).toBeGreaterThan(0)

  await ana.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())
  await expect.poll(() => isVisible(ana.app)).toBe(false)
  await ana.app.evaluate(({ app, dialog }) => {
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    // the members of the real dialog that a test may replace; the first button keeps it running
    dialog.showMessageBox = (async (options: { message: string }) => {
      asked.push(options.message)
      return { response: 0, checkboxChecked: false }
    }) as typeof dialog.showMessageBox
    app.quit()
  })
  const asked = (): Promise<string[]> => ana.app.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)
  await expect.poll(asked).toHaveLength(1)
  expect((await asked())[0]).toMatch(/ is still getting “film\.mkv” from you\.$/)
  await expect(bo.page.getByText(DONE)).toBeVisible({ timeout: 60_000 })
  expect(readFileSync(path.join(bo.folder, 'film.mkv')).equals(readFileSync(film))).toBe(true)
})

test('a second start shows the first one again; the place of the window is remembered', async ({ instance }) => {
  const ana = await instance('ana')
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
      shown.push(this.title)
      show.call(this)
    }
    const [window] = BrowserWindow.getAllWindows()
    if (window != null) window.isFocused = () => false
  })
  await bo.paste(link)
  await get(bo.page)
  const shown = (): Promise<string[]> => bo.app.evaluate(() => (globalThis as unknown as { shown: string[] }).shown)
  await expect.poll(shown).toEqual(['hello.txt'])
})
