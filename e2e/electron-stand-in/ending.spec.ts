// The third part of the conformance: how instances start beside each other, how they end, and that nothing of them stays.

import { createPackageWithOptions } from '@electron/asar'
import { _electron, expect, test } from '@playwright/test'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { executable, exitOf, isReal, openApp, openFolder, processesOn, startApp } from './fixture.ts'

const APP = path.join(import.meta.dirname, 'fixture-app')
const hasProc = process.platform === 'linux'
const NO_PROC = 'what is left of an instance is read from /proc'

test('quitting asks in order, and ends in order', async () => {
  test.skip(!hasProc, NO_PROC)
  using folder = openFolder()
  const { app } = await openApp(folder)
  const exit = exitOf(app.process())
  await app.evaluate(({ app: electron }) => {
    fixture.preventQuit = true
    electron.quit()
    fixture.preventQuit = false
    fixture.preventClose = true
    electron.quit()
    fixture.preventClose = false
  })
  expect(folder.log()).toEqual(['before-quit', 'before-quit', 'close'])
  await app.close()
  expect(await exit).toBe(0)
  expect(folder.log().slice(3)).toEqual(['before-quit', 'close', 'closed', 'will-quit', 'quit'])
  await expect.poll(() => processesOn(folder.dir)).toEqual([])
})

test('the last window takes the app with it, exit does not ask', async () => {
  using folder = openFolder()
  const first = await openApp(folder)
  const firstExit = exitOf(first.app.process())
  await first.page.close()
  expect(await firstExit).toBe(0)
  expect(folder.log()).toEqual(['closed', 'window-all-closed', 'before-quit', 'will-quit', 'quit'])

  const second = await openApp(folder)
  const secondExit = exitOf(second.app.process())
  await second.app.evaluate(({ app }) => void setImmediate(() => app.exit(3)))
  expect(await secondExit).toBe(3)
  expect(folder.log().slice(5)).not.toContain('before-quit')
  expect(folder.log().at(-1)).toBe('quit')
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} quits in order`, async () => {
    test.skip(!hasProc, NO_PROC)
    using folder = openFolder()
    const { app } = await openApp(folder)
    const exit = exitOf(app.process())
    process.kill(app.process().pid ?? 0, signal)
    expect(await exit).toBe(0)
    expect(folder.log()).toEqual(['before-quit', 'close', 'closed', 'will-quit', 'quit'])
    await expect.poll(() => processesOn(folder.dir)).toEqual([])
  })
}

test('exit before it is ready ends it at once', async () => {
  using folder = openFolder()
  expect(await exitOf(startApp(folder, { FIXTURE_EXIT: '1' }))).toBe(7)
  expect(folder.log(), 'no `quit`').toEqual([])
})

test('enableSandbox takes --no-sandbox back: for root no page lives', async () => {
  test.skip(process.platform !== 'linux' || process.getuid?.() !== 0, 'about root on Linux')
  using folder = openFolder()
  const app = startApp(folder, { FIXTURE_SANDBOX: '1' })
  let text = ''
  app.stderr?.on('data', chunk => (text += String(chunk)))
  try {
    await expect.poll(() => text).toContain('Running as root without --no-sandbox is not supported')
    await expect.poll(() => folder.log()).toContain('render-process-gone')
  } finally {
    app.kill('SIGKILL')
    await exitOf(app)
  }
  await expect.poll(() => processesOn(folder.dir)).toEqual([])
})

test('a listener for signals counts only when it was set after the main module was evaluated', async () => {
  test.skip(process.platform === 'win32', 'there a signal ends a program and asks nothing')
  using folder = openFolder()
  const early = await openApp(folder, { FIXTURE_EARLY: '1' })
  const exit = exitOf(early.app.process())
  process.kill(early.app.process().pid ?? 0, 'SIGTERM')
  expect(await exit).toBe(0)
  expect(folder.log()).toEqual(['before-quit', 'close', 'closed', 'will-quit', 'quit'])

  using other = openFolder()
  const late = await openApp(other)
  const lateExit = exitOf(late.app.process())
  await late.app.evaluate(({ app }) => void process.on('SIGTERM', () => app.exit(5)))
  process.kill(late.app.process().pid ?? 0, 'SIGTERM')
  expect(await lateExit).toBe(5)
  expect(other.log()).toEqual(['closed', 'quit'])
})

test('a killed one leaves no process behind', async () => {
  test.skip(!hasProc, NO_PROC)
  using folder = openFolder()
  const { app } = await openApp(folder)
  const exit = exitOf(app.process())
  expect(processesOn(folder.dir).length).toBeGreaterThan(1)
  process.kill(app.process().pid ?? 0, 'SIGKILL')
  expect(await exit).toBe('SIGKILL')
  await expect.poll(() => processesOn(folder.dir)).toEqual([])
})

test('a second one on the same data tells the first and ends; one on other data runs beside it', async () => {
  using folder = openFolder()
  using other = openFolder()
  const lock = { FIXTURE_LOCK: '1' }
  const first = await openApp(folder, lock)
  const third = await openApp(other, lock)
  const second = startApp(folder, lock, [executable, APP, 'shoal:link'])
  expect(await exitOf(second)).toBe(0)
  const heard = (opened: typeof first): Promise<unknown[][]> =>
    opened.app.evaluate(() => fixture.seen.filter(([name]) => name === 'second-instance').map(one => one.slice(1)))
  await expect.poll(() => heard(first)).toHaveLength(1)
  const [[argv, cwd, data] = []] = await heard(first)
  expect(argv).toContain('shoal:link')
  expect([cwd, data]).toEqual([process.cwd(), { told: [1, 'two'] }])
  expect(await heard(third)).toEqual([])
  expect(await third.page.evaluate(`desktop.invoke('echo', 'still here')`)).toBe('still here')
  await Promise.all([first.app.close(), third.app.close()])

  const again = await openApp(folder, lock) // the lock went with its owner
  await again.app.close()
})

test('Playwright finds it by the folder of the executable too, and holds `ready` until it listens', async () => {
  test.skip(isReal, 'the package names the real one')
  using folder = openFolder()
  process.env.ELECTRON_OVERRIDE_DIST_PATH = path.dirname(executable)
  try {
    const app = await _electron.launch({ args: [APP, 'argument'], env: folder.env })
    const page = await app.firstWindow()
    await page.waitForFunction('globalThis.isReady')
    expect(await app.evaluate(({ app: electron }) => [electron.getName(), ...process.argv.slice(1)])).toEqual([
      'Fixture',
      APP,
      'argument'
    ])
    await app.close()
  } finally {
    delete process.env.ELECTRON_OVERRIDE_DIST_PATH
  }
})

test.describe('packed', () => {
  test.skip(isReal, 'electron-builder packs the real one')

  async function pack(dir: string): Promise<{ program: string; archive: string }> {
    const source = path.join(dir, 'source')
    cpSync(APP, source, { recursive: true })
    mkdirSync(path.join(dir, 'packed/resources'), { recursive: true })
    const archive = path.join(dir, 'packed/resources/app.asar')
    await createPackageWithOptions(source, archive, { unpack: '**/worker.js' })
    const program = path.join(dir, 'packed/fixture')
    symlinkSync(executable, program)
    return { program, archive }
  }

  test('it runs from its archive, which is unpacked for that long, even if it is killed', async () => {
    using folder = openFolder()
    const { program, archive } = await pack(folder.dir)
    expect(existsSync(`${archive}.unpacked/worker.js`)).toBe(true)
    const launch = { executablePath: program, env: folder.env, args: ['--flag', 'shoal:link'] }
    for (const end of ['close', 'kill'] as const) {
      const app = await _electron.launch(launch)
      const page = await app.firstWindow()
      await page.waitForFunction('globalThis.isReady')
      expect(
        await app.evaluate(({ app: electron }) => [
          electron.isPackaged,
          electron.getVersion(),
          process.defaultApp ?? false,
          process.resourcesPath,
          electron.getPath('exe'),
          process.argv.includes('shoal:link')
        ])
      ).toEqual([true, '1.2.3', false, path.dirname(archive), program, true])
      expect((await app.evaluate(() => fixture.askWorker())).aes).toBe('works')
      expect(folder.unpacked()).toHaveLength(1)
      const exit = exitOf(app.process())
      if (end === 'close') await app.close()
      else process.kill(app.process().pid ?? 0, 'SIGKILL')
      await exit
      await expect.poll(() => processesOn(folder.dir)).toEqual([])
      await expect.poll(folder.unpacked).toEqual([])
    }
  })

  test('an archive that was changed does not run', async () => {
    using folder = openFolder()
    const { program, archive } = await pack(folder.dir)
    const bytes = readFileSync(archive)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3)
    writeFileSync(archive, bytes)
    const child = startApp(folder, {}, [program])
    let text = ''
    child.stderr?.on('data', chunk => (text += String(chunk)))
    expect(await exitOf(child)).toBe(1)
    expect(text).toContain('has not the hash of its header')
  })
})
