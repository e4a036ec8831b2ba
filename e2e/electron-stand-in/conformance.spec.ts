// What our desktop program relies on in Electron, asked of the real binary where it is and of the stand-in where it is not.
// This part: the main process and its page while they run. Scripts for the page are texts, as they see its globals.

import { type ElectronApplication, expect, type Page, test } from '@playwright/test'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Folder, isReal, openApp, openFolder } from './fixture.ts'

let folder: Folder
let app: ElectronApplication
let page: Page

test.beforeAll(async () => {
  folder = openFolder()
  ;({ app, page } = await openApp(folder, { FIXTURE_SLOW: '1' }))
})
test.afterAll(async () => {
  await app.close()
  folder[Symbol.dispose]()
})

const seen = (name: string): Promise<unknown[][]> =>
  app.evaluate((_electron, wanted) => fixture.seen.filter(([one]) => one === wanted).map(one => one.slice(1)), name)
const forget = (): Promise<void> => app.evaluate(() => void (fixture.seen = []))
/** Runs in the page's own task: what CDP evaluates is free of the content security policy. */
const inPage = <T>(script: string): Promise<T> =>
  page.evaluate<T>(
    `new Promise((resolve, reject) => setTimeout(() => Promise.resolve().then(() => ${script}).then(resolve, reject)))`
  )

test.describe('the app', () => {
  test('tells what its package says, and where it is', async () => {
    const facts = await app.evaluate(({ app: electron }) => ({
      name: electron.getName(),
      version: electron.getVersion(),
      folder: electron.getAppPath(),
      isPackaged: electron.isPackaged,
      isReady: electron.isReady(),
      userData: electron.getPath('userData'),
      sessionData: electron.getPath('sessionData'),
      temp: electron.getPath('temp'),
      type: process.type,
      isDefaultApp: process.defaultApp,
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      hasSwitch: electron.commandLine.hasSwitch('remote-debugging-port')
    }))
    expect(facts).toMatchObject({
      name: 'Fixture',
      version: '1.2.3',
      folder: path.join(import.meta.dirname, 'fixture-app'),
      isPackaged: false,
      isReady: true,
      userData: path.join(folder.dir, 'data'),
      sessionData: path.join(folder.dir, 'data'),
      type: 'browser',
      isDefaultApp: true,
      hasSwitch: true
    })
    expect(path.isAbsolute(facts.temp)).toBe(true)
    expect(facts.electron).toMatch(/^45\./)
    expect(facts.chrome).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
  })

  test('is ready only after its main module was evaluated, and tells of its window', async () => {
    expect(await seen('ready')).toEqual([[true]])
    expect(await seen('web-contents-created')).toHaveLength(1)
    expect(await seen('ready-to-show')).toHaveLength(1)
    expect(await seen('console-message')).toContainEqual(['info', 'the page is here'])
  })

  test('refuses paths that are not absolute and names it does not know', async () => {
    const refusals = await app.evaluate(({ app: electron }) =>
      [() => electron.setPath('userData', 'relative'), () => electron.getPath('nowhere' as 'home')].map(attempt => {
        try {
          attempt()
          return 'accepted'
        } catch (error) {
          return String(error)
        }
      })
    )
    expect(refusals[0]).toContain('Path must be absolute')
    expect(refusals[1]).toContain("Failed to get 'nowhere' path")
  })

  test('hears of links from the system', async () => {
    await app.evaluate(({ app: electron }) => void electron.emit('open-url', { preventDefault() {} }, 'shoal:x'))
    expect(await seen('open-url')).toEqual([['shoal:x']])
  })
})

test.describe('Node in the main process', () => {
  test('lacks what BoringSSL lacks', async () => {
    const attempts = await app.evaluate(() => {
      const crypto = process.getBuiltinModule('node:crypto')
      return [
        () => crypto.createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 }),
        () => crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12)),
        () => crypto.createHash('blake2b512'),
        () => crypto.createHash('sha256')
      ].map(attempt => {
        try {
          attempt()
          return true
        } catch {
          return false
        }
      })
    })
    expect(attempts).toEqual([false, true, false, true])
  })

  test('is the same in its Worker threads, which have no electron module', async () => {
    const found = await app.evaluate(() => fixture.askWorker())
    expect(found.electron).toMatch(/^45\./)
    expect(found.chacha).not.toBe('works')
    expect(found.aes).toBe('works')
    if (!isReal) expect(found.import).toContain('main thread only') // there the npm package may be found, which is harmless
  })
})

test.describe('messages', () => {
  test('carry what structured clone carries', async () => {
    const same = await inPage<boolean[]>(`(async () => {
      const bytes = new Uint8Array([0, 255, 7])
      const sent = [undefined, null, -0, NaN, 10n, new Date(5), new Map([[1, { a: [bytes] }]]), new Set(['x']), { $: 'x' }]
      const back = await desktop.invoke('echo', sent)
      return [
        back[0] === undefined, back[1] === null, Object.is(back[2], -0), Number.isNaN(back[3]), back[4] === 10n,
        back[5].getTime() === 5, back[6].get(1).a[0][1] === 255, back[7].has('x'), back[8].$ === 'x'
      ]
    })()`)
    expect(same).toEqual(same.map(() => true))
    const refused = await inPage<string>(`desktop.invoke('echo', { f() {} }).catch(error => error.message)`)
    expect(refused).toContain('could not be cloned')
  })

  test('that fail say so to the page', async () => {
    const messages = await inPage<string[]>(
      `Promise.all(['fail', 'nobody'].map(name => desktop.invoke(name).catch(error => error.message)))`
    )
    expect(messages[0]).toBe("Error invoking remote method 'fail': RangeError: too far")
    expect(messages[1]).toContain("No handler registered for 'nobody'")
  })

  test('name the frame they came from', async () => {
    expect(await inPage(`desktop.invoke('who')`)).toEqual({
      url: 'app://bundle/',
      origin: 'app://bundle',
      isTop: true,
      isMain: true,
      isWindow: true
    })
  })

  test('reach listeners until they are taken away', async () => {
    await inPage(`desktop.listen(), desktop.say('one', 1), 0`)
    await expect.poll(() => inPage('desktop.heard()')).toEqual([['one', 1]])
    await inPage(`desktop.ignore(), desktop.say('two'), desktop.invoke('echo', 0)`)
    expect(await inPage('desktop.heard()')).toEqual([['one', 1]])
  })
})

test.describe('ports', () => {
  test('carry messages both ways, and each side hears when the other closes', async () => {
    await inPage(`openPort('a').then(a => { globalThis.a = a; a.port.postMessage(new Uint8Array([9])) })`)
    await expect.poll(() => inPage('a.received.map(({ name, data }) => [name, data[0]])')).toEqual([['a', 9]])
    await inPage(`a.port.postMessage('close yourself')`)
    await expect.poll(() => inPage('a.isClosed')).toBe(true)
    await inPage(`openPort('b').then(b => b.port.close())`)
    await expect.poll(() => app.evaluate(() => fixture.closed)).toContain('b')
  })

  test('can be given to the page by the main process', async () => {
    const answer = await app.evaluate(async ({ BrowserWindow, MessageChannelMain }) => {
      const { port1, port2 } = new MessageChannelMain()
      const answered = new Promise<unknown>(resolve => port1.once('message', ({ data }) => resolve(data)))
      port1.start()
      port1.postMessage('before') // has arrived, and waits in the port until the page has it
      await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
      BrowserWindow.getAllWindows()[0]?.webContents.postMessage('port', null, [port2])
      return await answered
    })
    expect(answer).toEqual(['page', 'before'])
  })

  test('are closed by a reload, after which the page works as before', async () => {
    await inPage(`openPort('c').then(c => { globalThis.c = c })`)
    await forget()
    await page.reload()
    await page.waitForFunction('globalThis.isReady')
    await expect.poll(() => app.evaluate(() => fixture.closed)).toContain('c')
    expect(await seen('will-navigate')).toEqual([])
    await inPage(`openPort('d').then(d => { globalThis.d = d; d.port.postMessage(1) })`)
    await expect.poll(() => inPage('d.received.length')).toBe(1)
    expect(await seen('render-process-gone')).toEqual([])
  })

  test('that a page leaves open take its process with them', async () => {
    test.skip(isReal, 'some versions of Electron: README.md')
    await inPage(`openPort('e').then(() => { globalThis.keepsPorts = true })`)
    const crashed = page.waitForEvent('crash')
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.reload())
    await crashed
    await expect.poll(() => seen('render-process-gone')).toHaveLength(1)
    await app.close()
    ;({ app, page } = await openApp(folder))
  })
})

test.describe('the bridge', () => {
  test('gives the page frozen copies, functions that answer, and nothing else', async () => {
    expect(await inPage('desktop.facts')).toMatchObject({ type: 'renderer', sandboxed: true })
    expect(await inPage('[Object.isFrozen(desktop), Object.isFrozen(desktop.facts)]')).toEqual([true, true])
    expect(await inPage('desktop.twice(value => value + 5)')).toBe(14)
    const refusals = await inPage<string[]>(`['fail', 'again'].map(name => {
      try { desktop[name](); return 'accepted' } catch (error) { return error.message }
    })`)
    expect(refusals[0]).toContain('not so')
    expect(refusals[1]).toContain('Cannot bind an API on top of an existing property')
    expect(await inPage('[typeof require, typeof process, typeof module, typeof ipcRenderer]')).toEqual(
      Array.from({ length: 4 }, () => 'undefined')
    )
  })

  test('the preload may require electron alone', async () => {
    expect(await inPage('desktop.fs')).toContain('module not found: fs')
  })

  test('knows the path of a file that was chosen or dropped, and of no other', async () => {
    const file = path.join(folder.dir, 'chosen ü.txt')
    writeFileSync(file, 'x')
    expect(await inPage(`desktop.pathOf(new File(['x'], 'made.txt'))`)).toBe('')
    expect(await inPage(`(() => { try { desktop.pathOf('x') } catch (error) { return error.name } })()`)).toMatch(
      /Error$/
    )
    await page.setInputFiles('input', file)
    expect(await inPage(`desktop.pathOf(document.querySelector('input').files[0])`)).toBe(file)
    const cdp = await page.context().newCDPSession(page)
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      const data = { items: [], files: [file], dragOperationsMask: 1 }
      await cdp.send('Input.dispatchDragEvent', { type, x: 50, y: 50, data })
    }
    await expect.poll(() => inPage('dropped')).toEqual([file])
  })
})

test.describe('the page', () => {
  test('is a secure context under the policy of its headers', async () => {
    expect(await inPage('isSecureContext')).toBe(true)
    expect(await inPage(`(() => { try { return eval('1') } catch (error) { return error.name } })()`)).toBe('EvalError')
    const violated = await inPage(`new Promise(resolve => {
      addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective), { once: true })
      const script = document.createElement('script')
      script.textContent = 'globalThis.isInline = true'
      document.body.append(script)
    })`)
    expect(violated).toBe('script-src-elem')
    expect(await inPage('globalThis.isInline')).toBe(undefined)
    expect(await inPage(`fetch('/data.json').then(response => response.json())`)).toEqual({ is: 'data' })
    expect(await inPage(`fetch('/missing').then(response => response.status)`)).toBe(404)
  })

  test('cannot lead anywhere', async () => {
    await forget()
    // clicked in the page: Playwright's click waits for where a link leads, and Electron leads nowhere
    await inPage(`document.querySelector('#here').click()`)
    await inPage(`document.querySelector('#away').click()`)
    await expect.poll(() => seen('will-navigate')).toEqual([['https://example.invalid/']])
    await inPage(`void (location.href = 'https://example.invalid/script')`)
    await expect.poll(() => seen('will-navigate')).toHaveLength(2)
    await inPage(`document.querySelector('#blank').click()`)
    await expect.poll(() => seen('window-open')).toEqual([['https://example.invalid/blank']])
    await inPage(`void open('/data.json')`)
    await expect.poll(() => seen('window-open')).toHaveLength(2)
    await expect.poll(() => app.windows().length).toBe(1)
    const cdp = await page.context().newCDPSession(page)
    const pages = async () => (await cdp.send('Target.getTargets')).targetInfos.filter(({ type }) => type === 'page')
    await expect.poll(async () => (await pages()).length).toBe(1)
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL())).toBe(
      'app://bundle/#here'
    )
  })

  test('a redirect may be refused', async () => {
    await forget()
    const refusal = await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]
        ?.loadURL('app://bundle/away')
        .catch((error: Error) => error.message)
    )
    expect(refusal).toContain('ERR_FAILED (-2)')
    expect(await seen('did-fail-load')).toEqual([]) // what was called off has not failed
    expect(await seen('will-redirect')).toEqual([['app://bundle/index.html']])
    expect(await seen('will-navigate')).toEqual([])
  })

  test('answers scripts of the main process', async () => {
    const answers = await app.evaluate(async ({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      return [
        await contents?.executeJavaScript('document.title'),
        await contents?.executeJavaScript('Promise.reject(new Error("no"))').catch((error: Error) => error.message)
      ]
    })
    expect(answers[0]).toBe('Fixture')
    expect(answers[1]).toContain('no')
  })

  test('asks webRequest before it loads anything', async () => {
    await app.evaluate(({ session }) => {
      const { webRequest } = session.defaultSession
      webRequest.onBeforeRequest((details, answer) => answer({ cancel: details.url.endsWith('.json') }))
    })
    expect(await inPage(`fetch('/data.json').then(() => 'loaded', () => 'refused')`)).toBe('refused')
    expect(await inPage(`fetch('/page.js').then(() => 'loaded', () => 'refused')`)).toBe('loaded')
    await app.evaluate(({ session }) => session.defaultSession.webRequest.onBeforeRequest(null))
    expect(await inPage(`fetch('/data.json').then(() => 'loaded', () => 'refused')`)).toBe('loaded')
  })
})
