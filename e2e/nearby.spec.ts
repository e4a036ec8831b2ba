// Two instances in one network find each other, told nothing, by real multicast. The network is a namespace of the test's own, and everything must be in
// it: the windows, and who drives them through a port. So the test starts itself again in there.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestInfo } from '@playwright/test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { Namespaces } from './namespaces.ts'
import { withoutAddresses } from './peer.ts'
import { DONE, fact, get, go } from './screen.ts'
import { expect, test } from './spec.ts'

const INSIDE = 'SHOAL_TEST_IN_NAMESPACE'
const PLAYWRIGHT = fileURLToPath(new URL('../node_modules/@playwright/test/cli.js', import.meta.url))

test.skip(whyNoRights() != null, whyNoRights() ?? '')

test('nearby devices show up by themselves, and a link without any address is enough', async ({
  instance,
  scratch
}, info) => {
  if (process.env[INSIDE] == null) return runInside(info, scratch.dir)
  const [a, b] = await Promise.all([instance('a', { network: 'lan' }), instance('b', { network: 'lan' })])
  const ways: (string | null)[] = []
  for (const { page } of [a, b]) {
    await expect(page.getByRole('list', { name: 'Nearby' }).getByRole('listitem')).toHaveCount(1)
    await page.getByRole('list', { name: 'Nearby' }).getByRole('button').click()
    await expect(fact(page, 'Connection')).toHaveText('local network')
    ways.push(await fact(page, 'Discovered').textContent())
  }
  expect(ways, 'whoever dials has found the other').toContain('nearby')
  writeFileSync(scratch.at('note.txt'), 'found')
  await b.paste(withoutAddresses(await a.share(scratch.at('note.txt'))))
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  expect(readFileSync(path.join(b.folder, 'note.txt'), 'utf8')).toBe('found')
  await go(b.page, 'Peers')
  await expect(b.page.getByRole('list', { name: 'Peers' }).getByRole('listitem')).toHaveCount(1)
})

function runInside({ file, config, project }: TestInfo, scratch: string): void {
  using net = new Namespaces()
  const host = net.host('home')
  net.switch().plug(host, 'eth0', '192.168.77.2/24')
  net.defaultRoute(host, 'eth0')
  const [command = '', ...prefix] = host.prefix
  const args = [
    PLAYWRIGHT,
    'test',
    '-c',
    config.configFile ?? '',
    `--project=${project.name}`,
    `--output=${scratch}/results`
  ]
  const name = `${file.replace(/\W/g, '\\$&')}$` // Playwright takes an expression
  const env = { ...process.env, [INSIDE]: '1' }
  const { status, stdout, stderr } = spawnSync(command, [...prefix, process.execPath, ...args, name], {
    env,
    encoding: 'utf8',
    timeout: 90_000,
    killSignal: 'SIGINT'
  })
  expect(stdout, stderr).toMatch(/\b1 passed/)
  expect(status, stdout).toBe(0)
}
