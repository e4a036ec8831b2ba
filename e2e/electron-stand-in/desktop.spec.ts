// The second part of the conformance: windows, menus, and what the system shows or keeps.

import { type ElectronApplication, expect, type Page, test } from '@playwright/test'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Folder, isReal, openApp, openFolder } from './fixture.ts'

let folder: Folder
let app: ElectronApplication
let page: Page

test.beforeAll(async () => {
  folder = openFolder()
  ;({ app, page } = await openApp(folder))
})
test.afterAll(async () => {
  await app.close()
  folder[Symbol.dispose]()
})

const seen = (name: string): Promise<number> =>
  app.evaluate((_electron, wanted) => fixture.seen.filter(([one]) => one === wanted).length, name)
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR42mPgndLxX0hC7D8ADmMDaNGqBw0AAAAASUVORK5CYII='

/** The same with one byte of its pixels changed. */
const CORRUPT_PNG = (() => {
  const bytes = Buffer.from(PNG.slice(PNG.indexOf(',') + 1), 'base64')
  bytes.writeUInt8(bytes.readUInt8(45) ^ 1, 45)
  return `data:image/png;base64,${bytes.toString('base64')}`
})()

test.describe('the window', () => {
  test('gives the page the size it is told, and tells it', async () => {
    await app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      window?.setBounds({ x: 20, y: 30, width: 480, height: 700 })
    })
    await expect.poll(() => page.evaluate('innerWidth')).toBe(480)
    if (!isReal) expect(await page.evaluate('innerHeight')).toBe(700) // the real one's frame takes some of it
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())).toMatchObject({
      width: 480,
      height: 700
    })
    await expect.poll(() => seen('resize')).toBeGreaterThan(0)
    expect(await page.evaluate(`matchMedia('(max-width: 520px)').matches`)).toBe(true)
  })

  test('is shown, hidden, minimised and restored, and says so', async () => {
    const states = await app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      const told: boolean[] = []
      window?.hide()
      told.push(window?.isVisible() ?? true)
      window?.show()
      told.push(window?.isVisible() ?? false)
      return told
    })
    expect(states).toEqual([false, true])
    await expect.poll(() => seen('hide')).toBe(1)
    await expect.poll(() => seen('show')).toBeGreaterThan(0)
  })

  test('is never smaller than it may be, and says each time that it is shown', async () => {
    await app.evaluate(() => void (fixture.seen = []))
    const size = await app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      window?.setMinimumSize(400, 300)
      window?.setBounds({ x: 20, y: 30, width: 100, height: 100 })
      const bounds = window?.getBounds()
      window?.setMinimumSize(0, 0)
      window?.setBounds({ x: 20, y: 30, width: 480, height: 700 })
      window?.show()
      window?.show()
      return [bounds?.width, bounds?.height]
    })
    expect(size).toEqual([400, 300])
    await expect.poll(() => seen('show')).toBe(2)
  })

  test('remembers where it was before it was maximised', async () => {
    test.skip(isReal, 'a window manager decides, and there may be none')
    const told = await app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      window?.maximize()
      const maximized = [window?.isMaximized(), window?.getNormalBounds().width, window?.getBounds().width]
      window?.unmaximize()
      window?.minimize()
      const minimized = window?.isMinimized()
      window?.restore()
      return [...maximized, window?.isMaximized(), window?.getBounds().width, minimized, window?.isMinimized()]
    })
    expect(told).toEqual([true, 480, 1600, false, 480, true, false])
    expect([await seen('maximize'), await seen('unmaximize'), await seen('minimize'), await seen('restore')]).toEqual([
      1, 1, 1, 1
    ])
  })

  test('takes the title of its page', async () => {
    await page.evaluate(`document.title = 'Another'`)
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle()))
      .toBe('Another')
  })

  test('stays when its close is prevented, and goes when it is not', async () => {
    const opening = app.waitForEvent('window')
    await app.evaluate(() => fixture.openWindow({ show: false }).then(() => {}))
    const second = await opening
    await second.waitForFunction('globalThis.isReady')
    const count = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
    expect(await count()).toBe(2)
    const close = (preventClose: boolean) =>
      app.evaluate(({ BrowserWindow }, prevent) => {
        fixture.preventClose = prevent
        BrowserWindow.getAllWindows()
          .sort((a, b) => a.id - b.id)
          .at(-1)
          ?.close()
      }, preventClose)
    await close(true)
    expect(await second.evaluate('1')).toBe(1)
    expect(await count()).toBe(2)
    await close(false)
    await expect.poll(count).toBe(1)
    await expect.poll(() => app.windows().length).toBe(1)
  })
})

test.describe('the theme', () => {
  test('that is chosen is what the page sees', async () => {
    const choose = (source: 'light' | 'dark') =>
      app.evaluate(({ nativeTheme }, chosen) => {
        nativeTheme.themeSource = chosen
        return [nativeTheme.themeSource, nativeTheme.shouldUseDarkColors]
      }, source)
    const isDark = () => page.evaluate(`matchMedia('(prefers-color-scheme: dark)').matches`)
    expect(await choose('dark')).toEqual(['dark', true])
    await expect.poll(isDark).toBe(true)
    expect(await choose('light')).toEqual(['light', false])
    await expect.poll(isDark).toBe(false)
  })
})

test.describe('permissions', () => {
  const tryClipboard = () =>
    page.evaluate(`navigator.clipboard.writeText('from the page').then(() => 'written', error => error.name)`)

  test('are what the handlers say', async () => {
    await page.bringToFront()
    await expect.poll(tryClipboard).toBe('written')
    await app.evaluate(({ session }) => {
      session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
      session.defaultSession.setPermissionCheckHandler(() => false)
    })
    await expect.poll(tryClipboard).toBe('NotAllowedError')
  })

  test('do not keep the main process from the clipboard', async () => {
    await app.evaluate(({ clipboard }) => clipboard.writeText('from the main process'))
    expect(await app.evaluate(({ clipboard }) => clipboard.readText())).toBe('from the main process')
    expect(await tryClipboard()).toBe('NotAllowedError')
    await app.evaluate(({ session }) => {
      session.defaultSession.setPermissionRequestHandler(null)
      session.defaultSession.setPermissionCheckHandler(null)
    })
    await expect.poll(tryClipboard).toBe('written')
    expect(await app.evaluate(({ clipboard }) => clipboard.readText())).toBe('from the page')
  })

  test('a paste in the page is of that clipboard', async () => {
    await app.evaluate(({ clipboard }) => clipboard.writeText('shoal:pasted'))
    await page.evaluate(`addEventListener('paste', event => (globalThis.pasted = event.clipboardData.getData('text')))`)
    await page.keyboard.press('Control+V')
    await expect.poll(() => page.evaluate('globalThis.pasted')).toBe('shoal:pasted')
  })
})

test.describe('menus', () => {
  test('are found and clicked as the user would', async () => {
    const told = await app.evaluate(({ Menu }) => {
      const clicked: string[] = []
      const menu = Menu.buildFromTemplate([
        {
          label: 'File',
          submenu: [
            { id: 'open', label: 'Open', accelerator: 'CmdOrCtrl+O', click: item => clicked.push(item.label) },
            { type: 'separator' },
            { id: 'wrap', label: 'Wrap', type: 'checkbox', click: item => clicked.push(`wrap ${item.checked}`) },
            { role: 'quit' }
          ]
        },
        { role: 'editMenu' }
      ])
      Menu.setApplicationMenu(menu)
      menu.getMenuItemById('open')?.click()
      menu.getMenuItemById('wrap')?.click()
      return {
        clicked,
        isSet: Menu.getApplicationMenu() === menu,
        types: menu.items[0]?.submenu?.items.map(({ type }) => type),
        hasEdit: (menu.items[1]?.submenu?.items.length ?? 0) > 5,
        quit: menu.items[0]?.submenu?.items[3]?.label,
        missing: menu.getMenuItemById('nothing')
      }
    })
    expect(told).toMatchObject({ clicked: ['Open', 'wrap true'], isSet: true, hasEdit: true, missing: null })
    expect(told.types).toEqual(['normal', 'separator', 'checkbox', 'normal'])
    expect(told.quit).toMatch(/Quit|Exit/)
  })
})

test.describe('the system', () => {
  test('dialogs answer what a test puts in their place', async () => {
    const answer = await app.evaluate(async ({ dialog }) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: ['/chosen'] })
      return await dialog.showOpenDialog({ properties: ['openFile'] })
    })
    expect(answer).toEqual({ canceled: false, filePaths: ['/chosen'] })
  })

  test('power-save blockers say whether they hold', async () => {
    const told = await app.evaluate(({ powerSaveBlocker }) => {
      const id = powerSaveBlocker.start('prevent-app-suspension')
      const before = powerSaveBlocker.isStarted(id)
      powerSaveBlocker.stop(id)
      return [before, powerSaveBlocker.isStarted(id), powerSaveBlocker.isStarted(id + 100)]
    })
    expect(told).toEqual([true, false, false])
  })

  test('has a screen, and images with a size', async () => {
    const told = await app.evaluate(
      ({ nativeImage, screen }, { png, corrupt }) => {
        const { workArea } = screen.getPrimaryDisplay()
        const image = nativeImage.createFromDataURL(png)
        return {
          isWide: workArea.width > 100,
          displays: screen.getAllDisplays().length > 0,
          same: screen.getDisplayMatching({ x: 0, y: 0, width: 5, height: 5 }).id === screen.getPrimaryDisplay().id,
          size: image.getSize(),
          isEmpty: [
            image.isEmpty(),
            nativeImage.createFromDataURL(corrupt).isEmpty(),
            nativeImage.createFromPath('/nowhere.png').isEmpty(),
            nativeImage.createEmpty().isEmpty()
          ]
        }
      },
      { png: PNG, corrupt: CORRUPT_PNG }
    )
    expect(told).toEqual({
      isWide: true,
      displays: true,
      same: true,
      size: { width: 2, height: 1 },
      isEmpty: [false, true, true, true]
    })
  })

  test('reads files through net, and refuses what is not there', async () => {
    const file = path.join(folder.dir, 'read.json')
    writeFileSync(file, '[1]')
    const told = await app.evaluate(async ({ net }, url) => {
      const response = await net.fetch(url)
      const missing = await net.fetch(`${url}x`).catch((error: Error) => error.message)
      return [response.status, response.headers.get('content-type'), await response.json(), missing]
    }, pathToFileURL(file).href)
    expect(told).toEqual([200, 'application/json', [1], 'net::ERR_FILE_NOT_FOUND'])
  })
})

test.describe('what the stand-in has not', () => {
  test.skip(isReal, 'the real one has it')

  test('throws by name', async () => {
    const messages = await app.evaluate(electron => {
      const attempts: (() => unknown)[] = [
        () => electron.autoUpdater,
        () => electron.safeStorage.encryptString('x'),
        () => electron.app.getGPUInfo('basic'),
        () => electron.app.on('gpu-info-update', () => {}),
        () => electron.BrowserWindow.getAllWindows()[0]?.setOpacity(1),
        () => electron.BrowserWindow.getAllWindows()[0]?.webContents.print(),
        () => electron.session.defaultSession.clearCache(),
        () => new electron.BrowserWindow({ kiosk: true }),
        () => new electron.BrowserWindow({ webPreferences: { nodeIntegration: true } }),
        () => new electron.BrowserWindow({ webPreferences: { sandbox: false } }),
        () => electron.net.fetch('https://example.invalid/')
      ]
      return Promise.all(
        attempts.map(async attempt => {
          try {
            await attempt()
            return 'accepted'
          } catch (error) {
            return (error as Error).message
          }
        })
      )
    })
    expect(messages).toEqual([
      'stand-in: electron.main.autoUpdater is not implemented',
      'stand-in: electron.main.safeStorage is not implemented',
      'stand-in: electron.app.getGPUInfo is not implemented',
      "stand-in: electron.app: the event 'gpu-info-update' is not implemented",
      'stand-in: electron.BrowserWindow.setOpacity is not implemented',
      'stand-in: electron.webContents.print is not implemented',
      'stand-in: electron.session.clearCache is not implemented',
      'stand-in: electron.BrowserWindow: option kiosk is not implemented',
      'stand-in: webPreferences.nodeIntegration: true is refused as unsafe',
      'stand-in: webPreferences.sandbox: false is refused as unsafe',
      'stand-in: electron.net.fetch of https: is not implemented'
    ])
  })

  test('what it only pretends is written down', async () => {
    const names = await app.evaluate(({ app: electron, BrowserWindow, Notification, shell, Tray, nativeImage }) => {
      const { recorded } = Reflect.get(globalThis, 'standIn') as { recorded: { name: string }[] }
      recorded.length = 0
      void shell.openExternal('https://example.invalid/')
      new Tray(nativeImage.createEmpty()).setToolTip('x')
      new Notification({ title: 'x' }).show()
      BrowserWindow.getAllWindows()[0]?.setProgressBar(0.5)
      electron.setLoginItemSettings({ openAtLogin: true })
      return [...recorded.map(({ name }) => name), electron.getLoginItemSettings().openAtLogin]
    })
    expect(names).toEqual([
      'shell.openExternal',
      'Tray',
      'Tray.setToolTip',
      'Notification.show',
      'BrowserWindow.setProgressBar',
      'app.setLoginItemSettings',
      true
    ])
  })
})

test('a page that crashes is told of, and comes back with a reload', async () => {
  const crashed = page.waitForEvent('crash')
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer())
  await crashed
  await expect.poll(() => seen('render-process-gone')).toBe(1)
  await app.evaluate(
    ({ BrowserWindow }) =>
      new Promise<void>(resolve => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents
        contents?.once('did-finish-load', () => resolve())
        contents?.reload()
      })
  )
  const title = await app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.querySelector("h1").textContent')
  )
  expect(title).toBe('Fixture')
})
