// The page in the desktop's window, which is faked here: its seam to the system, and what stands on the screen because of it. The real window has
// the other specs.

import { openPage } from './browser.ts'
import { type FakeWindow, fakeWindow } from './fake-window.ts'
import { openScene } from './scenes.ts'
import { choose, drawer, go, sheet } from './screen.ts'
import { expect, test as base } from './spec.ts'
import type { Page } from 'playwright-core'

const test = base.extend<{ shown: { page: Page; window: FakeWindow } }>({
  shown: async ({ chromium }, use) => {
    await using scene = await openScene('usual', new AbortController().signal)
    let window: FakeWindow | undefined
    const { page, context, complaints } = await openPage(chromium, scene.url, {}, async it => {
      window = await fakeWindow(it)
    })
    if (window == null) throw new Error('The page has no window')
    await page.getByRole('heading', { name: /^You are / }).waitFor()
    await use({ page, window })
    expect(complaints).toEqual([])
    window[Symbol.dispose]()
    await context.close()
  }
})

test.skip(({ target }) => target !== 'web', 'the window is faked: once is enough')

test('the system’s own dialogs: files, a folder, a place to save to', async ({ shown: { page, window } }) => {
  await page.getByRole('button', { name: 'Choose files' }).click()
  await expect.poll(() => window.asked).toContain('pick files')
  await page.getByRole('button', { name: 'Choose a folder' }).click()
  await expect.poll(() => window.asked).toContain('pick folder')
  await expect(page.getByRole('button', { name: 'Choose from this computer' })).toHaveCount(0)

  await page.evaluate("navigator.clipboard.writeText('shoal:bafybei')")
  await page.locator('main').focus()
  await page.keyboard.press('Control+V')
  const saveTo = page.getByRole('combobox', { name: 'Save to' })
  await saveTo.selectOption('Choose another folder …')
  await expect(saveTo.locator('option:checked')).toHaveText('Photos')
  expect(window.asked).toContain('pickPlace')
  await expect(sheet(page).getByText(/^Not enough space there: 1\.8\sGB more needed\./)).toBeVisible()
  await expect(sheet(page).getByRole('button', { name: 'Get', exact: true })).toBeDisabled()
})

test('what is done is shown in its folder', async ({ shown: { page, window } }) => {
  await go(page, 'Downloads')
  await choose(page, 'Thesis draft.pdf', 'Show in folder')
  await expect.poll(() => window.asked).toContain('showTransfer t5')
  await page.getByRole('button', { name: /^Thesis draft/ }).click()
  await expect(drawer(page).getByRole('button', { name: 'Show in folder' })).toBeVisible()
  await expect(drawer(page).getByRole('button', { name: /on this device$/ })).toHaveCount(0)
  await go(page, 'Library')
  await choose(page, 'Wedding film.mkv', 'Show in folder')
  await expect.poll(() => window.asked).toContain('showShare')
})

test('how the window starts and stays', async ({ shown: { page, window } }) => {
  await go(page, 'Settings')
  const login = page.getByRole('switch', { name: 'Start when I log in' })
  await expect(login).not.toBeChecked()
  await login.press('Space')
  await expect(login).toBeChecked()
  expect(window.state.value.openAtLogin).toBe(true)
  window.state.set({ ...window.state.value, openAtLogin: null })
  await expect(login).toHaveCount(0)
  await expect(page.getByRole('switch', { name: 'Keep sharing when the window is closed' })).toBeChecked()
})

test('a newer version is one quiet line, and nothing happens before it is asked for', async ({
  shown: { page, window }
}) => {
  await go(page, 'Settings')
  await expect(page.getByRole('switch', { name: 'Start when I log in' })).toBeVisible()
  await expect(page.getByText('Shoal 9.9.9')).toHaveCount(0)
  const tell = (state: 'available' | 'loading' | 'ready'): void =>
    window.state.set({ ...window.state.value, update: { version: '9.9.9', state } })
  tell('available')
  await expect(page.getByText('Shoal 9.9.9 is available.')).toBeVisible()
  expect(window.asked).not.toContain('fetchUpdate')
  await page.getByRole('button', { name: 'Download', exact: true }).click()
  await expect.poll(() => window.asked).toContain('fetchUpdate')
  tell('loading')
  await expect(page.getByText('Downloading Shoal 9.9.9 …')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Download', exact: true })).toHaveCount(0)
  tell('ready')
  await page.getByRole('button', { name: 'Quit and install' }).click()
  await expect.poll(() => window.asked).toContain('installUpdate')
})

test('Shoal stopped by itself: said, nothing is lost, started again', async ({ shown: { page, window } }) => {
  window.state.set({ ...window.state.value, isEngineRunning: false })
  await expect(page.getByRole('alert')).toContainText('Nothing is lost')
  await page.getByRole('button', { name: 'Restart' }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
  expect(window.asked).toContain('restart')
  await go(page, 'Peers')
  await expect(page).toHaveTitle('Peers – Shoal')
})
