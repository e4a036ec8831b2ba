// Rows about small content: many small files, and a single one from the link to `done`.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { listTree, randomBytes, writeRandomFile } from '../content.ts'
import { startGet, startShare, untilDone, untilShared } from '../peer.ts'
import { Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'
import { openBaseline, whyNoBaseline } from './curl.ts'
import { atMost, median, told } from './figures.ts'
import { connect, DEADLINE_MS, getOver, measureGets, openSeeder, shareOver, startNode, startNodes } from './nodes.ts'
import type { RowKind } from './row.ts'

const MIB = 1_048_576
const SMALL_FILE_BYTES = 4096
const VERY_MANY = 100_000
/** What a file of at most a page takes in memory, with its name. */
const FILE_ROOM_BYTES = 8192
const TINY_BYTES = 1024
/** Of one round, over one connection. */
const TINY_GETS = 5

export const SMALL_ROWS: Readonly<Record<string, RowKind>> = {
  'small-files': {
    roomBytes: ({ fileCount }) => 4 * fileCount * FILE_ROOM_BYTES,
    whyNot: whyNoBaseline,
    async open({ fileCount }, scratch, owner) {
      const dir = writeFiles(scratch.at('files'), fileCount, SMALL_FILE_BYTES)
      const expected = listTree(dir)
      const baseline = await openBaseline(dir, scratch, owner)
      const seeder = await openSeeder(dir, scratch.at('seeder'), owner)
      return {
        title: `${fileCount} × 4 KiB`,
        async round() {
          const curled = scratch.at('curled')
          const curl = await baseline.folder(curled)
          assert.deepEqual(listTree(curled), expected)
          rmSync(curled, { recursive: true })
          await using own = new AsyncDisposableStack()
          const shoal = await measureGets([seeder.peer], await startNodes(scratch, 1, own), seeder.link)
          for (const { path } of shoal.done) assert.deepEqual(listTree(path), expected)
          return [
            atMost('time ÷ that of one curl, 16 at once', 0.6, shoal.seconds / curl.seconds),
            told('Shoal: s', shoal.seconds),
            told('Shoal: CPU s of both sides', shoal.senderCpu + shoal.receiverCpu),
            told('curl: s', curl.seconds),
            told('curl: CPU s of both sides', curl.senderCpu + curl.receiverCpu)
          ]
        }
      }
    }
  },
  tiny: {
    async open(_, scratch, owner) {
      const seeder = owner.use(await startNode(scratch, 'seeder'))
      const getter = owner.use(await startNode(scratch, 'getter'))
      const [sharing, getting] = [seeder, getter].map(it => connect(it.dataDir))
      const from = owner.use(await sharing!)
      const to = owner.use(await getting!)
      let made = 0
      const link = async (): Promise<string> => {
        const file = scratch.at('in', `file ${made}`)
        writeRandomFile(file, TINY_BYTES, `tiny ${made++}`)
        return (await shareOver(from.client, file)).link
      }
      await getOver(to.client, await link(), getter.out) // from here on they are connected
      return {
        title: 'a file of 1 KiB, from the link to done, both nodes running',
        async round() {
          const connected: number[] = []
          for (let i = 0; i < TINY_GETS; i++) connected.push(await getOver(to.client, await link(), getter.out))
          const byCommand = await commandMs(await link(), getter.dataDir, getter.out)
          await using stranger = await startNode(scratch, 'stranger')
          await using its = await connect(stranger.dataDir)
          return [
            atMost('ms over the contract, connected', 15, median(connected)),
            atMost(
              'ms over the contract, not yet connected',
              120,
              await getOver(its.client, await link(), stranger.out)
            ),
            atMost('ms of `shoal get`, connected', 80, byCommand),
            told('ms of a Node that does nothing', await bareMs())
          ]
        }
      }
    }
  },
  'many-files': {
    isLong: true,
    roomBytes: () => 3 * VERY_MANY * FILE_ROOM_BYTES + 500 * MIB,
    async open(_, scratch) {
      const dir = writeFiles(scratch.at('files'), VERY_MANY, TINY_BYTES)
      return { title: `${VERY_MANY} × 1 KiB: share, then get`, round: async () => await shareAndGet(dir, scratch) }
    }
  }
}

async function commandMs(link: string, data: string, out: string): Promise<number> {
  await using command = startGet(link, out, { data })
  await untilDone(command)
  return performance.now() - command.startedAt
}

async function bareMs(): Promise<number> {
  await using program = new Program<never>({ args: ['--eval', ''] })
  await program.finish()
  return performance.now() - program.startedAt
}

async function shareAndGet(dir: string, scratch: Scratch) {
  const [a, b, out] = [scratch.at('a'), scratch.at('b'), scratch.at('out')]
  await using sharer = startShare([dir], { data: a })
  const { shared } = await untilShared(sharer, DEADLINE_MS)
  const sharedAt = performance.now()
  await using getter = startGet(shared.link, out, { data: b })
  await untilDone(getter, DEADLINE_MS)
  const seconds = (performance.now() - sharedAt) / 1000
  const blocks = [sharer, getter].flatMap(it => it.blocks)
  const peaks = [sharer, getter].map(it => it.usage.peakRssBytes)
  sharer.kill()
  await sharer.exited
  for (const folder of [a, b, out]) rmSync(folder, { recursive: true, force: true })
  return [
    atMost('s to share', 40, (sharedAt - sharer.startedAt) / 1000),
    atMost('s to get', 60, seconds),
    atMost('ms of work in the longest block of a loop', 50, Math.max(0, ...blocks.map(it => it.cpuMs))),
    told('ms that block took', Math.max(0, ...blocks.map(it => it.ms))),
    atMost('peak RSS MiB', 400, Math.max(...peaks) / MIB)
  ]
}

/** No two hold the same. Returns the folder. */
export function writeFiles(dir: string, count: number, bytesEach: number): string {
  mkdirSync(dir)
  const bytes = randomBytes(count * bytesEach, 'small files')
  for (let i = 0; i < count; i++)
    writeFileSync(path.join(dir, `file ${i}`), bytes.subarray(i * bytesEach, (i + 1) * bytesEach))
  return dir
}
