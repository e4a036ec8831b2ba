// What is measured: each row runs Shoal and, beside it, the plain way of doing the same.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { listTree, randomBytes, sha256Of, writeRandomFile } from '../content.ts'
import { type Peer, startGet, startShare, untilShared } from '../peer.ts'
import { Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'
import { type Sample, measure } from './sample.ts'

export interface BenchOptions {
  /** Of the big file. */
  readonly sizeBytes: number
  readonly fileCount: number
}

/** One row, ready to run. Each call is one run from nothing; what it wrote is checked and removed. */
export interface Row {
  readonly title: string
  /** What arrives or is read in one run; 0 for a row whose figure is a time. */
  readonly bytes: number
  readonly baselineTitle: string
  shoal(): Promise<Sample>
  baseline(): Promise<Sample>
}

type OpenRow = (options: BenchOptions, scratch: Scratch, owner: AsyncDisposableStack) => Promise<Row>
type BaselineLine = { event: 'listening'; port: number } | { event: 'done'; bytes: number; seconds: number }

const SMALL_FILE_BYTES = 4096
const GETTERS = 4

/** Room a row needs at once. */
export const neededBytes = ({ sizeBytes, fileCount }: BenchOptions): number =>
  Math.max((GETTERS + 1) * sizeBytes, 4 * fileCount * SMALL_FILE_BYTES)

export const ROWS: Readonly<Record<string, OpenRow>> = {
  'one-file': async ({ sizeBytes }, scratch, owner) => await openFileRow('one file', sizeBytes, 1, scratch, owner),
  'small-files': async ({ fileCount }, scratch, owner) => {
    const dir = scratch.at('files')
    mkdirSync(dir)
    const bytes = randomBytes(fileCount * SMALL_FILE_BYTES, 'small files')
    for (let i = 0; i < fileCount; i++) {
      const own = bytes.subarray(i * SMALL_FILE_BYTES, (i + 1) * SMALL_FILE_BYTES)
      writeFileSync(path.join(dir, `file ${i}`), own)
    }
    const expected = listTree(dir)
    const server = await openServer(dir, scratch, owner)
    const seeder = await openSeeder(dir, scratch, owner)
    return {
      title: `${fileCount} files of 4 KiB`,
      bytes: bytes.length,
      baselineTitle: 'HTTPS, 8 parallel',
      shoal: async () => {
        const sample = await measure('done', seeder.peer, () => [get(seeder.link, scratch, 0)])
        assert.deepEqual(listTree(scratch.at('out 0', 'files')), expected)
        clean(scratch, 1)
        return sample
      },
      baseline: async () => {
        const sample = await measure('done', server.program, () => [server.get(scratch.at('out 0'))])
        assert.deepEqual(listTree(scratch.at('out 0')), expected)
        clean(scratch, 1)
        return sample
      }
    }
  },
  'one-to-four': async ({ sizeBytes }, scratch, owner) =>
    await openFileRow(`1 seeder to ${GETTERS} getters`, sizeBytes, GETTERS, scratch, owner),
  index: async ({ sizeBytes }, scratch) => {
    const file = scratch.at('in', 'file.bin')
    writeRandomFile(file, sizeBytes, 'bench')
    return {
      title: 'index a file (share)',
      bytes: sizeBytes,
      baselineTitle: 'one SHA-256 pass',
      shoal: async () => {
        const sample = await measure('shared', undefined, () => [startShare([file], { data: scratch.at('data 0') })])
        clean(scratch, 1)
        return sample
      },
      baseline: async () => await measure('done', undefined, () => [new Program<BaselineLine>({ args: [PASS, file] })])
    }
  },
  'first-byte': async (_, scratch, owner) => {
    const row = await openFileRow('link to a 1 KiB file', 1024, 1, scratch, owner)
    return { ...row, bytes: 0 }
  }
}

const PASS = fileURLToPath(new URL('./sha256-pass.mjs', import.meta.url))
const SERVER = fileURLToPath(new URL('./https-server.mjs', import.meta.url))
const CLIENT = fileURLToPath(new URL('./https-client.mjs', import.meta.url))

async function openFileRow(
  title: string,
  sizeBytes: number,
  getters: number,
  scratch: Scratch,
  owner: AsyncDisposableStack
): Promise<Row> {
  const sha256 = writeRandomFile(scratch.at('in', 'file.bin'), sizeBytes, 'bench')
  const server = await openServer(scratch.at('in'), scratch, owner)
  const seeder = await openSeeder(scratch.at('in', 'file.bin'), scratch, owner)
  const indexes = Array.from({ length: getters }, (_, index) => index)
  const check = async (sample: Sample): Promise<Sample> => {
    for (const index of indexes) assert.equal(await sha256Of(scratch.at(`out ${index}`, 'file.bin')), sha256)
    clean(scratch, getters)
    return sample
  }
  return {
    title,
    bytes: sizeBytes * getters,
    baselineTitle: getters === 1 ? 'HTTPS + SHA-256 + fsync' : `HTTPS × ${getters}`,
    shoal: async () =>
      await check(await measure('done', seeder.peer, () => indexes.map(index => get(seeder.link, scratch, index)))),
    baseline: async () =>
      await check(
        await measure('done', server.program, () =>
          indexes.map(index => server.get(scratch.at(`out ${index}`), 'file.bin'))
        )
      )
  }
}

const get = (link: string, scratch: Scratch, index: number): Peer =>
  startGet(link, scratch.at(`out ${index}`), { data: scratch.at(`data ${index}`) })

function clean(scratch: Scratch, getters: number): void {
  for (let index = 0; index < getters; index++) {
    for (const name of ['out', 'data']) rmSync(scratch.at(`${name} ${index}`), { recursive: true, force: true })
  }
}

async function openSeeder(what: string, scratch: Scratch, owner: AsyncDisposableStack) {
  const peer = owner.use(startShare([what], { data: scratch.at('seeder') }))
  const { shared } = await untilShared(peer, 600_000)
  return { peer, link: shared.link }
}

async function openServer(dir: string, scratch: Scratch, owner: AsyncDisposableStack) {
  const [certificate, key] = makeCertificate(scratch)
  const program = owner.use(new Program<BaselineLine>({ args: [SERVER, dir, certificate, key] }))
  const { port } = await program.line('listening')
  const args = [CLIENT, String(port), certificate]
  return {
    program,
    get: (out: string, name?: string) =>
      new Program<BaselineLine>({ args: [...args, out, ...(name == null ? [] : [name])] })
  }
}

/** A key and a certificate signed by itself for 127.0.0.1, made by the system's openssl: Node has no call that makes one. */
function makeCertificate(scratch: Scratch): [certificate: string, key: string] {
  const [certificate, key] = [scratch.at('certificate.pem'), scratch.at('key.pem')]
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', ...what, ...name, '-out', certificate, '-keyout', key], { stdio: 'ignore' })
  return [certificate, key]
}
