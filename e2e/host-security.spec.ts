// Pages that are not ours and pages without our key, against the host on 127.0.0.1: nobody gets in. The window's host serves no page, and answers the
// other commands through the same door.

import type { Page } from 'playwright-core'
import { readRunFile } from '../app/host/run-file.ts'
import { openChromium } from './browser.ts'
import { openElsewhere } from './foreign-site.ts'
import { expectNoForeignScript } from './foreign-script.ts'
import type { Instance } from './instance.ts'
import { expect, test } from './spec.ts'

interface Door {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  readonly host: string
  /** The page's; the command line's where there is no page. */
  readonly token: string
}

function doorOf({ dataDir }: Instance): Door {
  const { port, token, ui } = readRunFile(dataDir) ?? {}
  const host = `127.0.0.1:${port}`
  return { origin: `http://${host}`, host, token: ui?.split('#token=')[1] ?? token ?? '' }
}

/** What became of a WebSocket that a page tried. @param token null: none is offered */
const tryWebSocket = async (page: Page, host: string, token: string | null): Promise<string> =>
  page.evaluate<string>(`new Promise(resolve => {
    try {
      const tried = new WebSocket('ws://${host}/rpc', ${JSON.stringify(token == null ? ['shoal.v1'] : ['shoal.v1', `token.${token}`])})
      tried.onopen = () => resolve('open')
      tried.onerror = () => resolve('refused')
    } catch {
      resolve('refused')
    }
  })`)

const tryFetch = async (page: Page, { origin, token }: Door): Promise<string> =>
  page.evaluate<string>(
    `fetch('${origin}/api/session', { headers: { authorization: 'Bearer ${token}' } }).then(() => 'answered', () => 'refused')`
  )

test('with the key, from our own page, the door opens', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window serves no page')
  const a = await instance('a')
  const door = doorOf(a)
  expect(await tryWebSocket(a.page, door.host, door.token)).toBe('open')
  expect(await tryFetch(a.page, door)).toBe('answered')
})

test('our page without the key, or with a wrong one, gets nothing', async ({ instance, chromium, target }) => {
  test.skip(target !== 'web', 'the window serves no page')
  const a = await instance('a')
  const { origin, host } = doorOf(a)
  for (const key of [null, 'x'.repeat(43)]) {
    const context = await chromium.newContext()
    const page = await context.newPage()
    await page.goto(key == null ? origin : `${origin}/#token=${key}`)
    await expect(page.getByRole('heading', { name: 'This page has no key' })).toBeVisible()
    expect(await tryWebSocket(page, host, key)).toBe('refused')
    await context.close()
  }
})

test('the page of another host gets nothing, though it has the key', async ({ instance, target }) => {
  test.skip(target !== 'web', 'the window serves no page')
  const [a, b] = await Promise.all([instance('a'), instance('b')]) // another port is another origin, as every other site is
  b.mayComplain = true
  const door = doorOf(a)
  expect(await tryWebSocket(b.page, door.host, door.token)).toBe('refused') // by its own page's policy, before it left
  expect(await tryFetch(b.page, door)).toBe('refused')
})

test('a foreign page gets nothing, though it has the key, and frames nothing', async ({ instance, chromium }) => {
  await using elsewhere = await openElsewhere()
  const a = await instance('a')
  const door = doorOf(a)
  expect((await a.info()).network, 'somebody answers at this door').toBe('loopback')
  const context = await chromium.newContext()
  const page = await context.newPage()
  await page.goto(elsewhere.url) // no policy of its own: what refuses it is the host
  expect(await tryWebSocket(page, door.host, door.token)).toBe('refused')
  expect(await tryFetch(page, door)).toBe('refused')
  await page.setContent(`<iframe src="${door.origin}/#token=${door.token}"></iframe>`)
  await expect.poll(() => page.frames()[1]?.url()).toMatch(/^chrome-error:/)
  expect(await page.frames()[1]?.locator('#root').count()).toBe(0)
  await context.close()
})

test('a name that leads to 127.0.0.1 is refused: it is not ours', async ({ instance }) => {
  const a = await instance('a')
  const { origin, token, host } = doorOf(a)
  const port = new URL(origin).port
  const browser = await openChromium(['--host-resolver-rules=MAP rebound.example 127.0.0.1'])
  try {
    const page = await browser.newPage()
    const answer = await page.goto(`http://rebound.example:${port}/#token=${token}`)
    expect(answer?.status()).toBe(421)
    expect(await tryWebSocket(page, `rebound.example:${port}`, token)).toBe('refused')
    expect(await tryFetch(page, { origin: `http://rebound.example:${port}`, token, host })).toBe('answered') // so it was heard:
    const status = `fetch('/api/session', { headers: { authorization: 'Bearer ${token}' } }).then(it => it.status)`
    expect(await page.evaluate<number>(status)).toBe(421)
  } finally {
    await browser.close()
  }
})

test('script that was not ours does not run', async ({ instance, target }) => {
  test.skip(target !== 'web', 'of the window: in window.spec.ts')
  const a = await instance('a')
  a.mayComplain = true
  await expectNoForeignScript(a.page)
})
