// The desktop window against what a page could try, were it not ours: nothing leads out of it, nothing is granted, and nonsense is answered.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import type { Page } from 'playwright-core'
import { openClient, portSocket } from '../app/engine/client.ts'
import { openElsewhere } from './foreign-site.ts'
import { expectNoForeignScript } from './foreign-script.ts'
import type { Instance } from './instance.ts'
import { DONE, get, go } from './screen.ts'
import { expect, test } from './spec.ts'

test.skip(({ target }) => target !== 'electron', 'what a browser’s page meets is in host-security.spec.ts')

const logOf = ({ dataDir }: Instance): string =>
  readdirSync(path.join(dataDir, 'logs'))
    .map(name => readFileSync(path.join(dataDir, 'logs', name), 'utf8'))
    .join('')

const expectAlive = async ({ page }: Instance): Promise<void> => {
  await go(page, 'Settings')
  await expect(page.getByText(/^Shoal \d/)).toBeVisible()
  await go(page, 'Home')
  await expect(page.getByRole('heading', { name: /^You are / })).toBeVisible()
}

/** Playwright waits for where a script of its own leads the page, and Electron leads it nowhere. */
const inItsOwnTask = async (page: Page, script: string): Promise<void> =>
  page.evaluate(`new Promise(resolve => setTimeout(() => { try { ${script} } finally { resolve() } }))`)

const shown = async ({ app }: Instance): Promise<string[]> =>
  app.evaluate(({ webContents }) => webContents.getAllWebContents().map(it => it.getURL()))

test('nothing leads out of the page', async ({ instance }) => {
  await using elsewhere = await openElsewhere()
  const a = await instance('a')
  a.mayComplain = true
  expect(await shown(a)).toEqual(['app://bundle/'])
  const tries = [
    `location.href = '${elsewhere.url}/navigate'`,
    `void Object.assign(document.createElement('a'), { href: '${elsewhere.url}/link' }).click()`,
    `document.body.append(Object.assign(document.createElement('iframe'), { src: '${elsewhere.url}/frame' }))`,
    `document.body.append(Object.assign(document.createElement('img'), { src: '${elsewhere.url}/image' }))`,
    `document.head.append(Object.assign(document.createElement('script'), { src: '${elsewhere.url}/script' }))`,
    `void fetch('${elsewhere.url}/fetch').catch(() => {})`
  ]
  for (const one of tries) await inItsOwnTask(a.page, one)
  await expectAlive(a)
  expect(await shown(a)).toEqual(['app://bundle/'])
  expect(elsewhere.asked).toEqual([])
})

test('nothing opens a second window', async ({ instance }) => {
  await using elsewhere = await openElsewhere()
  const a = await instance('a')
  const tries = [
    `window.open('${elsewhere.url}/open')`,
    `void Object.assign(document.createElement('a'), { href: '${elsewhere.url}/blank', target: '_blank' }).click()`
  ]
  for (const one of tries) await inItsOwnTask(a.page, one)
  await expectAlive(a)
  await expect.poll(() => a.app.windows().length).toBe(1) // the stand-in closes what the program forbids, a moment later
  expect(await shown(a)).toEqual(['app://bundle/'])
})

test('the page has no way around its two functions, and runs no script but its own', async ({ instance }) => {
  const a = await instance('a')
  const { page } = a
  a.mayComplain = true
  const there = await page.evaluate<string[]>(
    `['require', 'process', 'module', 'global', 'Buffer', 'electron', 'ipcRenderer', 'webUtils'].filter(name => name in window)`
  )
  expect(there).toEqual([])
  expect(await page.evaluate<string[]>('Object.keys(window.shoal).sort()')).toEqual(['connect', 'grant'])
  const made = await page.evaluate<unknown>(`window.shoal.grant(new File(['x'], '/etc/passwd'))`)
  expect(made).toMatchObject({ error: { code: 'forbidden' } })
  await expectNoForeignScript(page)
})

test('nothing is granted that a page may ask for', async ({ instance }) => {
  const { page } = await instance('a')
  const refused = await page.evaluate<Record<string, string>>(`(async () => {
    const nameOf = async work => work.then(() => 'granted', error => error.name ?? String(error.code))
    return {
      notifications: await Notification.requestPermission(),
      microphone: await (await navigator.permissions.query({ name: 'microphone' })).state, // there may be none to ask for
      place: await nameOf(new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, it => reject({ code: it.code }), { timeout: 5000 }))),
      clipboard: await nameOf(navigator.clipboard.readText())
    }
  })()`)
  expect(refused).toEqual({
    notifications: 'denied',
    microphone: 'denied',
    place: '1', // PERMISSION_DENIED
    clipboard: 'NotAllowedError'
  })
})

test('no path of this computer reaches the page, not of what is shared and not of what was got', async ({
  instance,
  scratch
}) => {
  const [a, b] = await Promise.all([instance('a'), instance('b')])
  writeFileSync(scratch.at('letter.txt'), 'Dear Ana')
  await b.paste(await a.share(scratch.at('letter.txt')))
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  for (const { page } of [a, b]) {
    const shares = await overPort(page, async client =>
      JSON.stringify([await client.share.list({}), await client.transfer.list({})])
    )
    expect(shares).toContain('letter.txt')
    expect(shares).not.toContain(scratch.dir)
  }
})

test('nonsense over the port gets a coded refusal, is logged, and harms nobody', async ({ instance }) => {
  const a = await instance('a')
  const codes = await overPort(a.page, async client => {
    const codeOf = async (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => 'answered',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)
      )
    return {
      paths: await codeOf(client.grant.paths({ paths: ['/etc'], use: 'read' })),
      grant: await codeOf(client.share.create({ grants: ['nonsense'], skipUnreadable: false })),
      root: await codeOf(client.share.link({ root: '../../etc' })),
      number: await codeOf(client.transfer.pause({ id: 7 as unknown as string })) // what a page could send all the same
    }
  })
  expect(codes).toEqual({ paths: 'forbidden', grant: 'usage', root: 'usage', number: 'usage' })

  const texts = ['', '{', '[]', 'null', '{"i":1}', '\u0000', `"${'x'.repeat(900_000)}"`]
  await overPort(a.page, async client => {
    expect((await client.node.info({})).peerId).not.toBe('')
    await a.page.evaluate(`for (const text of ${JSON.stringify(texts)}) window.testPort.postMessage(text)`)
    expect((await client.node.info({})).peerId, 'the same port still answers').not.toBe('')
  })
  for (const value of ['7', '{}', '[1]', 'new Uint8Array(9)', `'x'.repeat(2_000_000)`]) {
    await overPort(a.page, async () => {
      const closed = a.page.evaluate(
        `new Promise(resolve => window.testPort.addEventListener('close', () => resolve(true)))`
      )
      await a.page.evaluate(`window.testPort.postMessage(${value})`)
      expect(await closed).toBe(true)
    })
  }
  expect(logOf(a)).toContain('page.nonsense')
  await expectAlive(a)
})

test('nonsense over the port of the window itself cuts it off and is logged; nothing is downloaded', async ({
  instance
}) => {
  const a = await instance('a')
  for (const value of ['7', '{}', `'x'.repeat(2_000_000)`]) {
    const closed = await a.page.evaluate<boolean>(`new Promise(resolve => {
      addEventListener('message', function take({ data, ports: [port] }) {
        if (data?.shoalPort !== 'window' || port == null) return
        removeEventListener('message', take)
        port.addEventListener('close', () => resolve(true))
        port.start()
        port.postMessage(${value})
      })
      window.shoal.connect('window')
    })`)
    expect(closed).toBe(true)
  }
  expect(logOf(a)).toContain('page.nonsense')
  // whatever the page may do to get there: the session is asked, and says no
  const isCalledOff = await a.app.evaluate(({ session }) => {
    let isPrevented = false
    session.defaultSession.emit('will-download', { preventDefault: () => (isPrevented = true) })
    return isPrevented
  })
  expect(isCalledOff).toBe(true)
  await expectAlive(a)
})

/** A client at the page's own door: a port of the page's, driven from here. It is `window.testPort` there. */
async function overPort<T>(page: Page, work: (client: ReturnType<typeof openClient>) => Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel()
  const name = `fromPort${Math.random().toString(36).slice(2)}`
  await page.exposeFunction(name, (text: unknown) => port2.postMessage(text))
  await page.evaluate(`new Promise(resolve => {
    addEventListener('message', function take({ data, ports: [port] }) {
      if (data?.shoalPort !== 'engine' || port == null) return
      removeEventListener('message', take)
      window.testPort = port
      port.addEventListener('message', ({ data }) => {
        port.postMessage(true)
        window.${name}(data)
      })
      port.start()
      resolve()
    })
    window.shoal.connect('engine')
  })`)
  port2.on('message', text => void page.evaluate(`window.testPort.postMessage(${JSON.stringify(text)})`))
  try {
    return await work(openClient(portSocket(port1)))
  } finally {
    await page.evaluate('window.testPort.close()')
    port1.close()
  }
}
