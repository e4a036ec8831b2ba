// Rows about a node by itself: how fast it indexes, how soon it listens with much in its index, what it takes when nothing happens.

import { rmSync, statSync } from 'node:fs'
import { readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { whyNoRights } from '../../app/scripts/needs.mjs'
import { writeRandomFile } from '../content.ts'
import { Namespaces } from '../namespaces.ts'
import { runPeer, startServe } from '../peer.ts'
import { residentBytes } from '../procfs.ts'
import { Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'
import { atLeast, atMost } from './figures.ts'
import { connect, shareOver, startNode, until } from './nodes.ts'
import type { RowKind } from './row.ts'
import { writeFiles } from './small-rows.ts'

const MIB = 1_048_576
const PASS = fileURLToPath(new URL('./sha256-pass.mjs', import.meta.url))
const MANY_SHARES = fileURLToPath(new URL('./many-shares.ts', import.meta.url))
const SHARES = 1000
const LEAVES_EACH = 1000
const PEERS = 10
const IDLE_MS = 60_000
const START_MS = 600_000 // of a machine that does other things
/** Of a start: looking at all shares, the first rounds with the peers. */
const SETTLING_MS = 60_000

export const NODE_ROWS: Readonly<Record<string, RowKind>> = {
  index: {
    roomBytes: ({ sizeBytes, fileCount }) => sizeBytes + fileCount * 8192 + 100 * MIB,
    async open({ sizeBytes, fileCount }, scratch) {
      const file = scratch.at('in', 'file.bin')
      writeRandomFile(file, sizeBytes, 'bench')
      const files = writeFiles(scratch.at('files'), fileCount, 4096)
      const cores = os.availableParallelism()
      return {
        title: `${sizeBytes / MIB} MiB and ${fileCount} × 4 KiB into the index, in the page cache`,
        async round() {
          await using pass = new Program<{ event: 'done'; seconds: number }>({ args: [PASS, file] })
          const { seconds } = await pass.line('done')
          await using node = await startNode(scratch, 'node')
          await using connected = await connect(node.dataDir)
          const big = await shareOver(connected.client, file)
          const small = await shareOver(connected.client, files)
          return [
            atLeast(`speed ÷ (${cores} cores × SHA-256 of one)`, 0.85, seconds / cores / (big.ms / 1000)),
            atLeast('files a second', 8000, fileCount / (small.ms / 1000))
          ]
        }
      }
    }
  },
  start: {
    async open(_, scratch) {
      const data = await makeManyShares(scratch)
      return {
        title: `from the start to listening, ${SHARES} shares and ${SHARES * LEAVES_EACH} leaves in the index`,
        async round() {
          await using node = startServe({ data })
          const line = await node.line('listening')
          const seconds = ((node.arrivedAt[node.lines.indexOf(line)] ?? Number.NaN) - node.startedAt) / 1000
          node.kill('SIGINT')
          await node.finish()
          return [atMost('s', 0.8, seconds)]
        }
      }
    }
  },
  idle: {
    isLong: true,
    whyNot: whyNoRights,
    async open(_, scratch, owner) {
      const network = owner.use(new Namespaces())
      const lan = network.switch()
      const start = (name: string, data: string, at: number) => {
        const host = network.host(name)
        lan.plug(host, 'eth0', `10.77.0.${at}/24`)
        const options = { data, network: 'lan', prefix: host.prefix, env: { SHOAL_TRACE: '' } } as const
        return { options, peer: owner.use(startServe(options)) }
      }
      const node = start('node', await makeManyShares(scratch), 1)
      for (let i = 0; i < PEERS; i++) start(`peer${i}`, scratch.at(`peer ${i}`), 2 + i)
      const peerCount = async (): Promise<number> => (await runPeer(['peers'], node.options, START_MS)).lines.length
      await until(`connected with ${PEERS} peers`, async () => (await peerCount()) >= PEERS, START_MS)
      await delay(SETTLING_MS)
      return {
        title: `${IDLE_MS / 1000} s of a node in LAN mode with ${PEERS} peers and ${SHARES} shares, nothing going on`,
        async round() {
          const [cpuBefore, filesBefore] = [node.peer.usage.cpuSeconds, changeTimes(node.options.data)]
          await delay(IDLE_MS)
          const changed = [...changeTimes(node.options.data)].filter(([name, at]) => filesBefore.get(name) !== at)
          return [
            atMost('% of a core', 0.5, ((node.peer.usage.cpuSeconds - cpuBefore) / (IDLE_MS / 1000)) * 100),
            atMost('RSS MiB', 120, residentBytes(node.peer.pid) / MIB),
            atMost('files of its data directory that were written', 0, changed.length)
          ]
        }
      }
    }
  }
}

/** A data directory with so much in its index; of what it shares only the lengths are there. */
async function makeManyShares(scratch: Scratch): Promise<string> {
  const data = scratch.at('many')
  await runPeer(['info'], { data })
  const args = [MANY_SHARES, String(SHARES), String(LEAVES_EACH), data, scratch.at('sparse')]
  await using program = new Program<never>({ args })
  const { code } = await program.finish(600_000)
  if (code !== 0) throw program.failure('made no shares')
  rmSync(path.join(data, 'run.json'), { force: true })
  return data
}

function changeTimes(dir: string): Map<string, number> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  return new Map(names.map(name => [name, statSync(path.join(dir, name)).mtimeMs]))
}
