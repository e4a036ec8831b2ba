// Lan and internet mode between machines: network namespaces of the test's own, real multicast, no address told to anybody.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { whyNoRights } from '../app/scripts/needs.mjs'
import { MIB, writeRandomFile } from './content.ts'
import { type Host, Namespaces } from './namespaces.ts'
import { startGet, startShare, untilDone, untilShared, withoutAddresses } from './peer.ts'
import { openScratch } from './scratch.ts'

const skip = whyNoRights() ?? false

/** Opens a node, prints what happens as JSON lines, and a root it finds providers of when told one. */
const PROGRAM = `
  const { openNetwork } = await import(${JSON.stringify(new URL('../core/network/open-network.ts', import.meta.url).href)})
  const { generateKeyPair } = await import('@libp2p/crypto/keys')
  const { CID } = await import('multiformats/cid')
  const print = (event) => console.log(JSON.stringify({ ...event, at: Date.now() }))
  const signal = new AbortController().signal
  const startedAt = Date.now()
  const [mode, ...bootstrap] = process.argv.slice(1)
  const network = await openNetwork({ mode, bootstrap, privateKey: await generateKeyPair('Ed25519'), version: '0', onTrouble: (what, thrown) => print({ event: 'trouble', what, thrown: String(thrown) }) }, signal)
  network.onPeer((peerId, event) => print({ event, peerId, via: network.peers().find((it) => it.peerId === peerId)?.via }))
  print({ event: 'listening', peerId: network.peerId, addrs: network.addrs(), startedAt })
  for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
    const [what, text] = line.split(' ')
    if (what === 'stop') break
    if (what === 'dial') await network.dial(text, signal).then(() => print({ event: 'dialled' }), (err) => print({ event: 'refused', code: err.code }))
    if (what === 'provide') await network.provide(CID.parse(text), signal).then(() => print({ event: 'provided' }))
    if (what === 'find') for await (const found of network.findProviders(CID.parse(text), signal)) { print({ event: 'found', ...found }); break }
  }
  await network[Symbol.asyncDispose]()
  process.stdin.destroy() // nothing else may keep this process alive
`

type Event = { event: string; at: number; peerId: string; addrs: string[]; via: string; code: string }

class LanNode implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #seen: Event[] = []
  readonly #waiting = new Set<() => void>()
  #errors = ''

  constructor(host: Host, mode: 'lan' | 'internet' = 'lan', bootstrap: readonly string[] = []) {
    const [command = 'ip', ...args]: string[] = [
      ...host.prefix,
      process.execPath,
      '--input-type=module',
      '--eval',
      PROGRAM,
      '--',
      mode,
      ...bootstrap
    ]
    this.#child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, SHOAL_NETWORK: mode } })
    this.#child.stderr?.on('data', bytes => (this.#errors += String(bytes)))
    const lines = createInterface({ input: this.#child.stdout ?? process.stdin })
    lines.on('line', line => {
      this.#seen.push(JSON.parse(line) as Event) // our own program above
      for (const wake of this.#waiting) wake()
    })
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  count(event: string): number {
    return this.#seen.filter(it => it.event === event).length
  }

  async event(event: string, deadlineMs = 20_000, isIt: (it: Event) => boolean = () => true): Promise<Event> {
    const timeout = AbortSignal.timeout(deadlineMs)
    while (true) {
      const found = this.#seen.find(it => it.event === event && isIt(it))
      if (found != null) return found
      if (timeout.aborted)
        throw new Error(`No ${event} within ${deadlineMs} ms; ${JSON.stringify(this.#seen)} ${this.#errors}`)
      await new Promise<void>(resolve => {
        this.#waiting.add(resolve)
        timeout.addEventListener('abort', () => resolve(), { once: true })
      }).finally(() => this.#waiting.clear())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode != null) return
    const ended = once(this.#child, 'exit')
    this.say('stop')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    const [code] = (await ended) as [number | null] // node:child_process, event 'exit'
    clearTimeout(late)
    if (code !== 0) throw new Error(`A node that was told to stop ended with ${code ?? 'SIGKILL'}: ${this.#errors}`)
  }
}

test('nodes on one network find each other within 3 seconds and share a DHT', { skip, timeout: 60_000 }, async () => {
  using net = new Namespaces()
  const lan = net.switch()
  const [hostA, hostB] = [net.host('a'), net.host('b')]
  lan.plug(hostA, 'eth0', '10.77.0.1/24')
  lan.plug(hostB, 'eth0', '10.77.0.2/24')
  await using a = new LanNode(hostA)
  const { peerId: idA, addrs } = await a.event('listening')
  assert.ok(addrs.some(addr => addr.startsWith('/ip4/10.77.0.1/tcp/')))
  assert.ok(
    addrs.every(addr => !addr.includes('127.0.0.1') && !addr.includes('/ip6/fe80')),
    addrs.join(' ')
  )

  await using b = new LanNode(hostB)
  const listening = await b.event('listening')
  const connected = await b.event('connect')
  assert.equal(connected.peerId, idA)
  const welcomed = await a.event('connect')
  assert.equal(welcomed.peerId, listening.peerId)
  assert.ok([connected.via, welcomed.via].includes('mdns'), `${connected.via} and ${welcomed.via}`)
  assert.ok(connected.at - listening.at <= 3000, `took ${connected.at - listening.at} ms`)

  const root = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  a.say(`provide ${root}`)
  await a.event('provided', 10_000)
  b.say(`find ${root}`)
  const found = await b.event('found', 10_000)
  assert.equal(found.peerId, idA)
  assert.ok(found.addrs.some(addr => addr.startsWith('/ip4/10.77.0.1/tcp/')))

  for (const outside of ['/ip4/203.0.113.1/tcp/1', '/dns4/example.com/tcp/1']) b.say(`dial ${outside}`)
  assert.equal((await b.event('refused')).code, 'forbidden')
})

test('neighbours are found beside a network that takes the default route', { skip, timeout: 60_000 }, async () => {
  using net = new Namespaces()
  const [home, tunnel] = [net.switch(), net.switch()]
  const [hostA, hostB] = [net.host('a'), net.host('b')]
  for (const [host, n] of [
    [hostA, 1],
    [hostB, 2]
  ] as const) {
    if (n === 1) tunnel.plug(host, 'tun0', `10.99.0.${n}/24`)
    home.plug(host, 'eth0', `192.168.77.${n}/24`)
  }
  net.defaultRoute(hostA, 'tun0')
  await using a = new LanNode(hostA)
  await a.event('listening')
  await using b = new LanNode(hostB)
  const listening = await b.event('listening')
  const connected = await b.event('connect')
  assert.ok(connected.at - listening.at <= 3000, `took ${connected.at - listening.at} ms`)
})

test('a network that comes later is joined', { skip, timeout: 60_000 }, async () => {
  using net = new Namespaces()
  const lan = net.switch()
  const [hostA, hostB] = [net.host('a'), net.host('b')]
  lan.plug(hostB, 'eth0', '10.77.0.2/24')
  await using a = new LanNode(hostA)
  await a.event('listening')
  await using b = new LanNode(hostB)
  await b.event('listening')
  assert.equal(b.count('connect'), 0)
  lan.plug(hostA, 'eth0', '10.77.0.1/24')
  await b.event('connect', 15_000)
})

test(
  'in internet mode strangers find a provider through their own bootstrapper',
  { skip, timeout: 60_000 },
  async () => {
    using net = new Namespaces()
    const internet = net.switch()
    const hosts = ['a', 'b', 'c'].map((name, i) => {
      const host = net.host(name)
      internet.plug(host, 'eth0', `203.0.113.${i + 1}/24`) // documentation addresses (RFC 5737) stand for public ones
      return host
    })
    const [hostA, hostB, hostC] = hosts
    assert.ok(hostA != null && hostB != null && hostC != null)
    await using bootstrapper = new LanNode(hostA, 'internet', ['/ip4/203.0.113.250/tcp/1']) // none of the public ones is dialled
    const { addrs } = await bootstrapper.event('listening')
    const addr = addrs[0] ?? ''
    assert.ok(addr.startsWith('/ip4/203.0.113.1/tcp/'), addrs.join(' '))
    await using seeder = new LanNode(hostB, 'internet', [addr])
    await using stranger = new LanNode(hostC, 'internet', [addr])
    const { peerId } = await seeder.event('listening')
    await stranger.event('connect')
    const root = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    seeder.say(`provide ${root}`)
    await seeder.event('provided')
    stranger.say(`find ${root}`)
    const found = await stranger.event('found')
    assert.equal(found.peerId, peerId)
    assert.ok(
      found.addrs.some(it => it.startsWith('/ip4/203.0.113.2/tcp/')),
      found.addrs.join(' ')
    )
    stranger.say(`dial ${peerId}`)
    await stranger.event('connect', 10_000, it => it.peerId === peerId)
  }
)

test('a bare link is enough on a local network', { skip, timeout: 60_000 }, async () => {
  using net = new Namespaces()
  await using scratch = openScratch()
  const lan = net.switch()
  const [hostA, hostB] = [net.host('a'), net.host('b')]
  lan.plug(hostA, 'eth0', '10.77.0.1/24')
  lan.plug(hostB, 'eth0', '10.77.0.2/24')
  const digest = writeRandomFile(scratch.at('in', 'file.bin'), 5 * MIB + 1, 'lan')
  const network = 'lan'
  await using seeder = startShare([scratch.at('in', 'file.bin')], {
    data: scratch.at('a'),
    network,
    prefix: hostA.prefix
  })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(withoutAddresses(shared.link), scratch.at('out'), {
    data: scratch.at('b'),
    network,
    prefix: hostB.prefix
  })
  const done = await untilDone(getter)
  assert.equal(createHash('sha256').update(readFileSync(done.path)).digest('hex'), digest)
})
