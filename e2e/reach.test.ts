// How far Shoal reaches is chosen once, in the first minutes, and holds from then on: nobody has to start it again.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { Namespaces } from './namespaces.ts'
import { Program } from './program.ts'
import { openScratch } from './scratch.ts'

const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)

/** A whole headless Shoal on the data directory that is named, started without a mode; prints where it reaches before and after the choice. */
const PROGRAM = `
  const { openHost } = await import(${at('../app/host/host.ts')})
  const { readRunFile } = await import(${at('../app/host/run-file.ts')})
  const dataDir = process.argv[2]
  const limits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }
  const engine = { dataDir, version: '0', offline: false, network: null, listen: [], peers: [], bootstrap: [], limits, folders: [] }
  const signal = AbortSignal.timeout(60_000)
  const host = await openHost({ engine }, signal)
  const seen = async () => ({ ...(await host.client.node.info({})), token: readRunFile(dataDir)?.token })
  const before = await seen()
  const { network: answer } = await host.client.settings.set({ network: 'internet' })
  let after = before
  while (after.network === before.network) {
    signal.throwIfAborted()
    after = await seen().catch(() => before)
    await new Promise(resolve => setImmediate(resolve))
  }
  console.log(JSON.stringify({ before, answer, after }))
  await host[Symbol.asyncDispose]()
`

interface Seen {
  readonly network: string
  readonly peerId: string
  readonly addrs: readonly string[]
  readonly token: string
}

test('the internet is allowed, and reached without another start', { skip: whyNoRights() ?? false }, async () => {
  await using scratch = openScratch()
  using net = new Namespaces()
  const host = net.host('home')
  net.switch().plug(host, 'eth0', '203.0.113.7/24')
  net.defaultRoute(host, 'eth0')
  const { SHOAL_NETWORK: _, ...env } = process.env
  const [command = '', ...prefix] = host.prefix
  writeFileSync(scratch.at('program.mjs'), PROGRAM)
  const args = [process.execPath, scratch.at('program.mjs'), scratch.at('data')]
  const out = execFileSync(command, [...prefix, ...args], { env, encoding: 'utf8', timeout: 90_000 })
  const { before, answer, after } = JSON.parse(out) as { before: Seen; answer: string; after: Seen } // as printed above
  assert.deepEqual([before.network, answer, after.network], ['lan', 'internet', 'internet'])
  assert.ok(!before.addrs.some(addr => addr.includes('203.0.113.7')), 'a public address is for the internet only')
  assert.ok(
    after.addrs.some(addr => addr.includes('203.0.113.7')),
    after.addrs.join()
  )
  assert.equal(after.peerId, before.peerId)
  assert.equal(after.token, before.token, 'the door of the other commands stays as it is')
})

/** Prints its addresses whenever they are others, until it is ended. */
const WATCHED = `
  const { openHost } = await import(${at('../app/host/host.ts')})
  const limits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }
  const engine = { dataDir: process.argv[2], version: '0', offline: false, network: 'internet', listen: [], peers: [], bootstrap: [], limits, folders: [] }
  const host = await openHost({ engine }, AbortSignal.timeout(60_000))
  for (let told = ''; ; await new Promise(resolve => setTimeout(resolve, 100))) {
    const { addrs } = await host.client.node.info({})
    if (addrs.join() !== told) console.log(JSON.stringify({ event: 'addrs', addrs }))
    told = addrs.join()
  }
`

test(
  'an address on the internet that comes later is told of, one that went is not',
  { skip: whyNoRights() ?? false },
  async () => {
    await using scratch = openScratch()
    using net = new Namespaces()
    const host = net.host('home')
    net.switch().plug(host, 'eth0', '192.168.7.2/24')
    writeFileSync(scratch.at('program.mjs'), WATCHED)
    await using program = new Program<{ readonly event: 'addrs'; readonly addrs: readonly string[] }>({
      args: [scratch.at('program.mjs'), scratch.at('data')],
      prefix: host.prefix
    })
    const isToldOf = (ip: string, isIt: boolean) => async () =>
      await program.line(
        'addrs',
        ({ addrs }) => addrs.some(addr => addr.includes(ip)) === isIt && addrs === program.lines.at(-1)?.addrs
      )
    await isToldOf('192.168.7.2', true)()
    await isToldOf('11.0.0.7', false)()
    execFileSync('ip', ['-n', host.name, 'address', 'add', '11.0.0.7/24', 'dev', 'eth0'])
    await isToldOf('11.0.0.7', true)()
    execFileSync('ip', ['-n', host.name, 'address', 'del', '11.0.0.7/24', 'dev', 'eth0'])
    await isToldOf('11.0.0.7', false)()
  }
)
