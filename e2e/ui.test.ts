// The page in a real Chromium, served by real hosts: what people do from the first drop to the same bytes at the other end.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { openChromium, openPage } from './browser.ts'
import { type Peer, startServe } from './peer.ts'
import { openScene } from './scenes.ts'
import { openScratch } from './scratch.ts'

const SCREENS = ['Home', 'Transfers', 'Library', 'Peers', 'Settings']
const DEADLINE = { timeout: 90_000 }

let browser: Browser
before(async () => {
  browser = await openChromium()
})
after(async () => browser?.close())

interface Host extends AsyncDisposable {
  readonly url: string
  readonly folder: string
  readonly peer: Peer
}

/** `serve` with one folder, made here. */
async function openHost(top: string, name: string, more: readonly string[] = []): Promise<Host> {
  const folder = path.join(top, `${name}-files`)
  mkdirSync(folder, { recursive: true })
  const peer = startServe({ data: path.join(top, name), more: ['--folder', folder, '--reserve', '0', ...more] })
  const { url } = await peer.line('ui')
  return { url, folder, peer, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() }
}

const go = async (page: Page, place: string): Promise<void> =>
  page.getByRole('navigation').getByRole('button', { name: place }).click()

/** Shares something of the host's folder and returns the link that is on the clipboard then. */
async function shareFromFolder(page: Page, name: string): Promise<string> {
  await go(page, 'Home')
  await page.getByRole('button', { name: 'Choose from this computer' }).click()
  await page.getByRole('checkbox', { name: `Choose ${name}` }).press('Space')
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.getByText(`“${name}” is shared. The link is on the clipboard.`).waitFor()
  return page.evaluate<string>('navigator.clipboard.readText()')
}

async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.locator('main').focus()
  await page.keyboard.press('Control+V')
}

/** Script for a page: a WebSocket to the host with the right token, from wherever the page is. */
const tryWebSocket = (host: string, token: string): string =>
  `new Promise(resolve => {
    try {
      const tried = new WebSocket('ws://${host}/rpc', ['shoal.v1', 'token.${token}'])
      tried.onopen = () => resolve('open')
      tried.onerror = () => resolve('refused')
    } catch {
      resolve('refused')
    }
  })`

const big = (mebibytes: number): Buffer => {
  const bytes = Buffer.alloc(mebibytes * 1_048_576)
  for (let at = 0; at < mebibytes; at++) bytes.writeUInt32BE(at + 1, at * 1_048_576)
  return bytes
}

test('chosen, shared, pasted, looked into, got: the same bytes', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  await using b = await openHost(top.dir, 'b')
  mkdirSync(path.join(a.folder, 'Summer/deep'), { recursive: true })
  const files = { 'one.jpg': big(3), 'deep/two.txt': Buffer.from('two'), 'three.txt': Buffer.from('three') }
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(a.folder, 'Summer', name), bytes)
  const sender = await openPage(browser, a.url)
  assert.ok(!sender.page.url().includes('token'), 'the token left the address')
  const link = await shareFromFolder(sender.page, 'Summer')
  assert.match(link, /^shoal:b[a-z2-7]+\?/)

  const { page, complaints } = await openPage(browser, b.url)
  await page.getByRole('heading', { name: /^You are / }).waitFor()
  await paste(page, link)
  const sheet = page.getByRole('dialog')
  await sheet.getByText('3 files').waitFor()
  await sheet.getByRole('checkbox', { name: 'Choose three.txt' }).press('Space')
  await sheet.getByText(/^2 chosen/).waitFor()
  await sheet.getByRole('button', { name: 'Get', exact: true }).click()
  await page.getByText('Every byte was checked against the link.').waitFor()
  for (const name of ['one.jpg', 'deep/two.txt'] as const)
    assert.deepEqual(readFileSync(path.join(b.folder, 'Summer', name)), files[name])
  assert.throws(() => readFileSync(path.join(b.folder, 'Summer/three.txt')), 'it was not chosen')

  await go(sender.page, 'Peers')
  await sender.page.getByRole('list', { name: 'Peers' }).getByRole('listitem').first().waitFor()
  assert.deepEqual([...complaints, ...sender.complaints], [])
  await sender.context.close()
  await page.context().close()
})

test('uploaded from the browser, shared from the host, saved by another browser', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  const { page, context, complaints } = await openPage(browser, a.url)
  const bytes = big(2)
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.bin', mimeType: 'x/y', buffer: bytes })
  await page.getByRole('dialog').getByRole('button', { name: 'Upload and share' }).click()
  await page.getByText('“notes.bin” is shared.').waitFor()
  assert.deepEqual(readFileSync(path.join(a.folder, 'notes.bin')), bytes)
  await go(page, 'Library')
  await page.getByRole('button', { name: /^notes\.bin/ }).click()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save notes.bin on this device' }).click()
  const saved = await saving
  assert.equal(saved.suggestedFilename(), 'notes.bin')
  assert.deepEqual(readFileSync(await saved.path()), bytes)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('paused, gone on with after a reload, done', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a', ['--upload-limit', '2000000'])
  await using b = await openHost(top.dir, 'b')
  const bytes = big(16)
  writeFileSync(path.join(a.folder, 'film.mkv'), bytes)
  const sender = await openPage(browser, a.url)
  const link = await shareFromFolder(sender.page, 'film.mkv')
  const { page, context } = await openPage(browser, b.url)
  await paste(page, link)
  await page.getByRole('dialog').getByRole('button', { name: 'Get', exact: true }).click()
  const drawer = page.getByRole('complementary')
  await drawer
    .getByText(/^[1-9][\d.]*\sof\s16\.8\sMB.*\sMB\/s/)
    .first()
    .waitFor()
  await drawer.getByRole('button', { name: 'Pause' }).click()
  await drawer.getByText(/^Paused · [\d.]+\sof\s16\.8\sMB$/).waitFor()
  await page.reload()
  await page.getByText(/^Paused · /).waitFor({ timeout: 3_000 })
  await page.getByRole('button', { name: /^film\.mkv/ }).click()
  await drawer.getByRole('button', { name: 'Go on' }).click()
  await drawer.getByText('Every byte was checked against the link.').waitFor({ timeout: 60_000 })
  assert.deepEqual(readdirSync(b.folder), ['film.mkv'])
  assert.deepEqual(readFileSync(path.join(b.folder, 'film.mkv')), bytes)
  await sender.context.close()
  await context.close()
})

test('what is no link gets a sentence and a way out; stopping to share can be taken back', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  writeFileSync(path.join(a.folder, 'a.txt'), 'a')
  const { page, context } = await openPage(browser, a.url)
  await page.getByRole('heading', { name: /^You are / }).waitFor()
  await paste(page, 'hello, is this a link?')
  await page.getByText('That is not a link Shoal can read.').waitFor()
  await page.getByRole('button', { name: 'Paste another link' }).click()
  await shareFromFolder(page, 'a.txt')
  await go(page, 'Library')
  await page.getByRole('button', { name: 'More for a.txt' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Stop sharing' }).press('Enter')
  await page.getByRole('heading', { name: 'Nothing shared yet' }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: /^a\.txt/ }).waitFor()
  await context.close()
})

test('a name is changed by keyboard alone, and the places are reached by it', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  const { page, context } = await openPage(browser, a.url)
  await page.getByRole('button', { name: 'Edit your name' }).press('Enter')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('Ana')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'You are Ana' }).waitFor()
  for (const [at, place] of SCREENS.entries()) {
    await page.keyboard.press(`Alt+${at + 1}`)
    if (at > 0) await page.getByRole('heading', { level: 1, name: place }).waitFor()
  }
  await context.close()
})

for (const theme of ['light', 'dark'] as const)
  test(`axe finds nothing, ${theme}`, { timeout: 180_000 }, async () => {
    await using top = openScratch()
    await using a = await openHost(top.dir, 'a')
    mkdirSync(path.join(a.folder, 'Summer'))
    writeFileSync(path.join(a.folder, 'Summer/a.txt'), 'a')
    writeFileSync(path.join(a.folder, 'Summer/b.txt'), 'b')
    const { page, context } = await openPage(browser, a.url, { theme })
    const clean = async (where: string): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`))
      assert.deepEqual(found, [], where)
    }
    await page.getByRole('heading', { name: /^You are / }).waitFor()
    for (const place of SCREENS) {
      await go(page, place)
      await clean(`${place}, empty`)
    }
    await go(page, 'Home')
    await page.getByRole('button', { name: 'Choose from this computer' }).click()
    await page.getByRole('checkbox', { name: 'Choose Summer' }).waitFor()
    await clean('choosing')
    await page.keyboard.press('Escape')
    const link = await shareFromFolder(page, 'Summer')
    await go(page, 'Library')
    await page.getByRole('button', { name: /^Summer/ }).click()
    await page.getByRole('complementary').waitFor()
    await clean('the drawer of a share')
    await page.getByRole('complementary').getByRole('button', { name: 'Show link and code' }).click()
    await page.getByRole('img', { name: 'The link as a code to scan' }).waitFor()
    await clean('link and code')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await paste(page, link)
    await page.getByRole('dialog').getByText('2 files').waitFor()
    await clean('preview')
    await page.keyboard.press('Escape')
    await context.close()
  })

test('ten thousand rows: only what is seen is there, and every one can be reached', DEADLINE, async t => {
  await using scene = await openScene('crowded', t.signal)
  const { page, context, complaints } = await openPage(browser, scene.url)
  await go(page, 'Library')
  const rows = page.getByRole('list', { name: 'Library' }).getByRole('listitem')
  await rows.first().waitFor()
  assert.equal(await rows.first().getAttribute('aria-setsize'), '10000')
  await page.evaluate(`{
    window.longest = 0
    new PerformanceObserver(list => list.getEntries().forEach(it => (window.longest = Math.max(window.longest, it.duration))))
      .observe({ type: 'longtask' })
  }`)
  for (let turn = 0; turn < 30; turn++) {
    await page.mouse.move(600, 500)
    await page.mouse.wheel(0, 3000)
  }
  assert.ok((await rows.count()) < 80)
  t.diagnostic(`longest task while scrolling: ${await page.evaluate<number>('window.longest')} ms`)
  const first = page.locator('[data-row-main]').first()
  await first.focus()
  await page.keyboard.press('End')
  await page.locator('[data-index="9999"] [data-row-main]:focus').waitFor()
  await page.getByRole('searchbox').fill('report 1234')
  await page.locator('[aria-setsize="1"]').first().waitFor()
  assert.deepEqual(complaints, [])
  await context.close()
})

test('axe finds nothing where everything is too much', { timeout: 180_000 }, async t => {
  await using scene = await openScene('crowded', t.signal)
  for (const theme of ['light', 'dark'] as const) {
    const { page, context } = await openPage(browser, scene.url, { theme, width: 480 })
    for (const place of ['Transfers', 'Library', 'Peers']) {
      await go(page, place)
      await page.locator('[data-row-main]').first().click()
      await page.getByRole('complementary').waitFor()
      const { violations } = await new AxeBuilder({ page }).analyze()
      assert.deepEqual(
        violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`)),
        []
      )
      await page.keyboard.press('Escape')
    }
    await context.close()
  }
})

test('a page without the token, with a wrong one, or of another site gets nothing', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  const origin = new URL(a.url).origin
  for (const url of [origin, `${origin}/#token=${'x'.repeat(43)}`]) {
    const { page, context } = await openPage(browser, url)
    await page.getByRole('heading', { name: 'This page has no key' }).waitFor()
    await context.close()
  }
  const token = new URL(a.url).hash.slice('#token='.length)
  await using b = await openHost(top.dir, 'b')
  const { page, context } = await openPage(browser, b.url) // another origin, as every other site is
  await page.getByRole('heading', { name: /^You are / }).waitFor()
  const reached = [
    await page.evaluate(tryWebSocket(new URL(a.url).host, token)), // by its own page's policy, before it left
    await page.evaluate(
      `fetch('${origin}/api/session', { headers: { authorization: 'Bearer ${token}' } }).then(() => 'answered', () => 'refused')`
    )
  ]
  assert.deepEqual(reached, ['refused', 'refused'])
  await context.close()

  // a page without a policy of its own: what refuses it is the host
  const foreign = await browser.newContext()
  const blank = await foreign.newPage()
  await blank.goto('data:text/html,<title>elsewhere</title>')
  const opened = await blank.evaluate(tryWebSocket(new URL(a.url).host, token))
  assert.equal(opened, 'refused')
  await blank.setContent(`<iframe src="${origin}/"></iframe>`)
  const inside = await blank
    .frames()[1]
    ?.evaluate(`document.querySelector('#root') != null`)
    .catch(() => false)
  assert.ok(inside !== true, 'framed by nobody')
  await foreign.close()
})

test('script that was not ours does not run', DEADLINE, async () => {
  await using top = openScratch()
  await using a = await openHost(top.dir, 'a')
  const { page, context } = await openPage(browser, a.url)
  await page.getByRole('heading', { name: /^You are / }).waitFor()
  const ran = await page.evaluate(`(() => {
    const inline = document.createElement('script')
    inline.textContent = 'window.ran = true'
    document.head.append(inline)
    const button = document.createElement('button')
    button.setAttribute('onclick', 'window.ran = true')
    document.body.append(button)
    button.click()
    const far = document.createElement('script')
    far.src = 'data:text/javascript,window.ran = true'
    document.head.append(far)
    return ['ran', 'require', 'process'].filter(name => name in window)
  })()`)
  assert.deepEqual(ran, [])
  await context.close()
})
