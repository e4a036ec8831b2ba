// Rows about slow and long ways, between hosts that are network namespaces: a rate that the kernel shapes, and a delay of a program in between.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { whyNoRights } from '../../app/scripts/needs.mjs'
import { MIB, sha256Of, writeRandomFile } from '../content.ts'
import { type Host, Namespaces } from '../namespaces.ts'
import { addressOf, runPeer, withoutAddresses } from '../peer.ts'
import { Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'
import { atLeast } from './figures.ts'
import { measureGets, openSeeder, startNode, until } from './nodes.ts'
import type { Row, RowKind } from './row.ts'

const DELAY_LINE = fileURLToPath(new URL('./delay-line.mjs', import.meta.url))
const ONE_WAY_MS = 150
const LONG_BITS = 100_000_000
const SLOW_BITS = 2_000_000

export const LINE_ROWS: Readonly<Record<string, RowKind>> = {
  'long-line': {
    roomBytes: () => 600 * MIB,
    whyNot: whyNoRights,
    async open(_, scratch, owner) {
      const network = owner.use(new Namespaces())
      const [getter, middle, seeder] = [network.host('getter'), network.host('middle'), network.host('seeder')]
      const [near, far] = [network.switch(), network.switch()]
      near.plug(getter, 'eth0', '10.77.1.2/24')
      near.plug(middle, 'eth0', '10.77.1.1/24')
      far.plug(middle, 'eth1', '10.77.2.1/24')
      far.plug(seeder, 'eth0', '10.77.2.2/24')
      const lineTo = async (port: string): Promise<string> => {
        const args = [DELAY_LINE, '10.77.1.1', '10.77.2.2', port, String(ONE_WAY_MS), String(LONG_BITS / 8)]
        const line = owner.use(new Program<{ event: 'listening'; port: number }>({ args, prefix: middle.prefix }))
        return `/ip4/10.77.1.1/tcp/${(await line.line('listening')).port}`
      }
      const title = `256 MiB at 100 Mbit/s, ${2 * ONE_WAY_MS} ms there and back (a program delays: TCP sees short ways)`
      return await openLine({ title, sizeBytes: 256 * MIB, bits: LONG_BITS, hosts: { getter, seeder }, lineTo, scratch, owner }) // prettier-ignore
    }
  },
  'slow-line': {
    whyNot: whyNoRights,
    async open(_, scratch, owner) {
      const network = owner.use(new Namespaces())
      const [getter, seeder] = [network.host('getter'), network.host('seeder')]
      const lan = network.switch()
      for (const [host, address] of [
        [getter, '10.77.1.2'],
        [seeder, '10.77.1.3']
      ] as const) {
        lan.plug(host, 'eth0', `${address}/24`)
        const shape = ['root', 'tbf', 'rate', `${SLOW_BITS}bit`, 'burst', '16kb', 'latency', '200ms']
        execFileSync('tc', ['-n', host.name, 'qdisc', 'add', 'dev', 'eth0', ...shape])
      }
      const lineTo = async (port: string): Promise<string> => await Promise.resolve(`/ip4/10.77.1.3/tcp/${port}`)
      const title = '4 MiB at 2 Mbit/s (tbf)'
      return await openLine({ title, sizeBytes: 4 * MIB, bits: SLOW_BITS, hosts: { getter, seeder }, lineTo, scratch, owner }) // prettier-ignore
    }
  }
}

interface Line {
  readonly title: string
  readonly sizeBytes: number
  /** A second. */
  readonly bits: number
  readonly hosts: { readonly getter: Host; readonly seeder: Host }
  /** Where the getter reaches this port of the seeder's. */
  lineTo(port: string): Promise<string>
  readonly scratch: Scratch
  readonly owner: AsyncDisposableStack
}

/** Both nodes run and are connected before the clock starts. */
async function openLine({ title, sizeBytes, bits, hosts, lineTo, scratch, owner }: Line): Promise<Row> {
  const file = scratch.at('in', 'file.bin')
  const sha256 = writeRandomFile(file, sizeBytes, 'line')
  const network = 'lan'
  const seeder = await openSeeder(file, scratch.at('seeder'), owner, { network, prefix: hosts.seeder.prefix })
  const [, port = '', peerId = ''] = /\/tcp\/(\d+)(?:\/.*)?\/p2p\/(\w+)$/.exec(await addressOf(seeder.peer)) ?? []
  const peers = [`${await lineTo(port)}/p2p/${peerId}`]
  return {
    title,
    async round() {
      const options = { network, prefix: hosts.getter.prefix, peers } as const
      await using node = await startNode(scratch, 'getter', options)
      const ask = { ...options, data: node.dataDir }
      await until(
        'connected',
        async () => (await runPeer(['peers'], ask)).lines.some(it => it.event === 'peer'),
        30_000
      )
      const { seconds, done } = await measureGets([seeder.peer], [node], withoutAddresses(seeder.link), options)
      for (const { path } of done) assert.equal(await sha256Of(path), sha256)
      return [atLeast('payload ÷ what the line could carry', 0.9, (sizeBytes * 8) / seconds / bits)]
    }
  }
}
