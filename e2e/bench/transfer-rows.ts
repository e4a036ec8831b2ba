// Rows about one big file on fast paths: to one, to four, from four, as Electron sees it, to and from peers that can less.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { MIB, sha256Of, writeRandomFile } from '../content.ts'
import { addressOf, withoutAddresses } from '../peer.ts'
import type { Scratch } from '../scratch.ts'
import { openBaseline, whyNoBaseline } from './curl.ts'
import { atLeast, atMost, type Figure, told } from './figures.ts'
import { connect, measureGets, type NodeOptions, openSeeder, type Sample, startNodes } from './nodes.ts'
import type { BenchOptions, RowKind } from './row.ts'

const GETTERS = 4
const UPLOAD_BYTES_PER_SECOND = 20_000_000
const MAX_RSS_MIB = 170
/** What was measured when the row was new (PERFORMANCE.md): it is to stay. */
const NOISE_BEFORE = 0.28

const quarter = ({ sizeBytes }: BenchOptions): number => Math.ceil(sizeBytes / 4)
const imported = (file: string): NodeOptions => ({
  env: { NODE_OPTIONS: `--import ${new URL(file, import.meta.url).href}` }
})
const AS_ELECTRON = imported('../electron-stand-in/every-thread.ts')
const ONLY_NOISE = imported('./only-noise.mjs')

export const TRANSFER_ROWS: Readonly<Record<string, RowKind>> = {
  'one-file': {
    roomBytes: ({ sizeBytes }) => 3 * sizeBytes,
    whyNot: whyNoBaseline,
    async open({ sizeBytes }, scratch, owner) {
      const { curl, seeder } = writeFile(sizeBytes, scratch, owner)
      const [baseline, run] = [await curl(), await seeder('seeder')]
      return {
        title: `${sizeBytes / MIB} MiB, one to one`,
        async round() {
          const [base, shoal] = [await baseline(1), await run(1)]
          return [
            atLeast('rate ÷ that of curl and SHA-256', 1.05, base.seconds / shoal.seconds),
            atMost('CPU s of both sides', 3.2, shoal.senderCpu + shoal.receiverCpu),
            atMost('peak RSS MiB, sending', MAX_RSS_MIB, shoal.senderRss),
            atMost('peak RSS MiB, receiving', MAX_RSS_MIB, shoal.receiverRss),
            ...sides('Shoal', shoal),
            ...sides('curl', base)
          ]
        }
      }
    }
  },
  'as-electron': {
    roomBytes: ({ sizeBytes }) => 3 * sizeBytes,
    async open({ sizeBytes }, scratch, owner) {
      const { seeder } = writeFile(sizeBytes, scratch, owner)
      const [asNode, asElectron] = [await seeder('seeder'), await seeder('electron', AS_ELECTRON)]
      return {
        title: `${sizeBytes / MIB} MiB, both sides with Electron's version and BoringSSL's ciphers`,
        async round() {
          const [plain, electron] = [await asNode(1), await asElectron(1, AS_ELECTRON)]
          return [
            atLeast('rate ÷ that of plain Node', 0.8, plain.seconds / electron.seconds),
            told('CPU s of both sides', electron.senderCpu + electron.receiverCpu)
          ]
        }
      }
    }
  },
  'only-noise': {
    roomBytes: ({ sizeBytes }) => 3 * sizeBytes,
    whyNot: whyNoBaseline,
    async open({ sizeBytes }, scratch, owner) {
      return await openLesserPeer('a sender that speaks only noise', NOISE_BEFORE, {
        ...writeFile(sizeBytes, scratch, owner),
        options: ONLY_NOISE
      })
    }
  },
  'other-build': {
    roomBytes: ({ sizeBytes }) => 3 * sizeBytes,
    whyNot: options =>
      options.otherBuild == null
        ? 'name the out/cli.js of a build without the bulk link in --other-build'
        : whyNoBaseline(),
    async open({ sizeBytes, otherBuild }, scratch, owner) {
      return await openLesserPeer('a sender of another build', 0.75, {
        ...writeFile(sizeBytes, scratch, owner),
        options: { cli: otherBuild! }
      })
    }
  },
  'one-to-four': {
    roomBytes: options => 6 * quarter(options),
    whyNot: whyNoBaseline,
    async open(options, scratch, owner) {
      const { curl, seeder } = writeFile(quarter(options), scratch, owner)
      const [baseline, run] = [await curl(), await seeder('seeder')]
      return {
        title: `${quarter(options) / MIB} MiB, one to ${GETTERS}, the last one done`,
        async round() {
          const [base, shoal] = [await baseline(GETTERS), await run(GETTERS)]
          return [
            atMost(`time ÷ that of curl and SHA-256, ${GETTERS} of them`, 1.6, shoal.seconds / base.seconds),
            ...sides('Shoal', shoal),
            ...sides('curl', base)
          ]
        }
      }
    }
  },
  'limited-to-four': {
    roomBytes: options => 5 * quarter(options),
    async open(options, scratch, owner) {
      const size = Math.ceil(quarter(options) / 2)
      const { seeder } = writeFile(size, scratch, owner)
      const run = await seeder('seeder', { uploadLimit: UPLOAD_BYTES_PER_SECOND })
      return {
        title: `${size / MIB} MiB from one who sends 20 MB/s, to ${GETTERS} at once`,
        async round() {
          const [one, four] = [await run(1), await run(GETTERS)]
          return [
            atMost('time of the last ÷ that of one alone', 1.5, four.seconds / one.seconds),
            atMost('bytes sent ÷ size of the file', 1.3, four.sentBytes / size)
          ]
        }
      }
    }
  },
  'four-to-one': {
    roomBytes: ({ sizeBytes }) => 3 * sizeBytes,
    async open({ sizeBytes }, scratch, owner) {
      const { file, sha256 } = writeFile(sizeBytes, scratch, owner)
      const seeders = await Promise.all(
        Array.from({ length: GETTERS }, (_, i) =>
          openSeeder(file, scratch.at(`seeder ${i}`), owner, { uploadLimit: UPLOAD_BYTES_PER_SECOND })
        )
      )
      const peers = await Promise.all(seeders.map(it => addressOf(it.peer)))
      const link = withoutAddresses(seeders[0]?.link ?? '')
      return {
        title: `${sizeBytes / MIB} MiB from ${GETTERS} who send 20 MB/s each`,
        async round() {
          await using own = new AsyncDisposableStack()
          const nodes = await startNodes(scratch, 1, own)
          const all = seeders.map(it => it.peer)
          const { seconds, done } = await measureGets(all, nodes, link, { peers })
          const [got] = done
          assert.ok(got != null && (await sha256Of(got.path)) === sha256)
          return [
            atLeast('MB/s', 76, sizeBytes / seconds / 1e6),
            atMost('% that came twice', 2, (got.duplicate / sizeBytes) * 100)
          ]
        }
      }
    }
  },
  'twenty-gib': {
    isLong: true,
    roomBytes: () => 2 * 20 * 1024 * MIB,
    async open(_, scratch, owner) {
      const run = await writeFile(20 * 1024 * MIB, scratch, owner).seeder('seeder')
      return {
        title: '20 GiB, one to one',
        async round() {
          const shoal = await run(1)
          return [
            atMost('peak RSS MiB, sending', MAX_RSS_MIB, shoal.senderRss),
            atMost('peak RSS MiB, receiving', MAX_RSS_MIB, shoal.receiverRss),
            ...sides('Shoal', shoal)
          ]
        }
      }
    }
  }
}

const sides = (who: string, { seconds, senderCpu, receiverCpu }: Sample): Figure[] => [
  told(`${who}: s`, seconds),
  told(`${who}: CPU s, sending`, senderCpu),
  told(`${who}: CPU s, receiving`, receiverCpu)
]

/** A run by so many clients at once. */
type Run<S extends Sample = Sample> = (clients: number, options?: NodeOptions) => Promise<S>

interface WrittenFile {
  readonly file: string
  readonly sha256: string
  /** Opens the server of the baseline. */
  curl(): Promise<Run>
  /** Opens a peer that shares the file; in each run fresh nodes get it. */
  seeder(name: string, options?: NodeOptions): Promise<Run<Sample & { readonly sentBytes: number }>>
}

function writeFile(sizeBytes: number, scratch: Scratch, owner: AsyncDisposableStack): WrittenFile {
  const file = scratch.at('in', 'file.bin')
  const sha256 = writeRandomFile(file, sizeBytes, 'bench')
  return {
    file,
    sha256,
    async curl() {
      const baseline = await openBaseline(scratch.at('in'), scratch, owner)
      return async clients => await baseline.file('file.bin', sha256, clients)
    },
    async seeder(name, options = {}) {
      const seeder = await openSeeder(file, scratch.at(name), owner, options)
      const connected = owner.use(await connect(seeder.dataDir))
      const sentBytes = async (): Promise<number> => (await connected.client.share.list({}))[0]?.sentBytes ?? Number.NaN
      return async (clients, nodeOptions = {}) => {
        await using own = new AsyncDisposableStack()
        const nodes = await startNodes(scratch, clients, own, nodeOptions)
        const before = await sentBytes()
        const sample = await measureGets([seeder.peer], nodes, seeder.link)
        for (const { path } of sample.done) assert.equal(await sha256Of(path), sha256)
        return { ...sample, sentBytes: (await sentBytes()) - before }
      }
    }
  }
}

/** Against curl, too: from a sender that has not all of what makes this build fast. */
async function openLesserPeer(who: string, least: number, of: WrittenFile & { readonly options: NodeOptions }) {
  const sizeBytes = statSync(of.file).size
  const [baseline, run] = [await of.curl(), await of.seeder('seeder', of.options)]
  return {
    title: `${sizeBytes / MIB} MiB from ${who}`,
    async round() {
      const [base, shoal] = [await baseline(1), await run(1)]
      return [atLeast('rate ÷ that of curl and SHA-256', least, base.seconds / shoal.seconds), ...sides('Shoal', shoal)]
    }
  }
}
