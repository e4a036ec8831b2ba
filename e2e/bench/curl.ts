// The baseline: files over HTTPS with TLS 1.3 from a Node server to curl, which writes them, then a SHA-256 pass of openssl over what it wrote. Nothing is
// synced. What somebody careful does by hand.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Program } from '../program.ts'
import type { Scratch } from '../scratch.ts'
import { measure, type Sample } from './nodes.ts'

const SERVER = fileURLToPath(new URL('./https-server.mjs', import.meta.url))
const CURL = ['--silent', '--show-error', '--fail', '--tlsv1.3']
const AT_ONCE = '16'
const run = promisify(execFile)

/** A sentence where one of them is missing. */
export function whyNoBaseline(): string | undefined {
  const missing = ['curl', 'openssl'].filter(name => spawnSync(name, ['version'], { stdio: 'ignore' }).error != null)
  return missing.length === 0 ? undefined : `there is no ${missing.join(' and no ')} on this machine`
}

export interface Baseline {
  /** So many clients at once, each a file of its own, hashed, compared. */
  file(name: string, sha256: string, clients: number): Promise<Sample>
  /** All files of the folder by one curl, 16 at once over kept connections, into `out`, which stays. Not hashed. */
  folder(out: string): Promise<Sample>
}

export async function openBaseline(dir: string, scratch: Scratch, owner: AsyncDisposableStack): Promise<Baseline> {
  const { certificate, key } = await makeCertificate(scratch)
  const server = owner.use(new Program<{ event: 'listening'; port: number }>({ args: [SERVER, dir, certificate, key] }))
  const { port } = await server.line('listening')
  const args = [...CURL, '--cacert', certificate]
  const url = (name: string): string => `https://127.0.0.1:${port}/${encodeURIComponent(name)}`
  return {
    async file(name, sha256, clients) {
      const outs = Array.from({ length: clients }, (_, i) => scratch.at(`curl ${i}`))
      const sample = await measure([server], [], async () => {
        await Promise.all(
          outs.map(async out => {
            await run('curl', [...args, '--output', out, url(name)])
            const { stdout } = await run('openssl', ['dgst', '-sha256', out])
            assert.ok(stdout.trim().endsWith(sha256), 'what arrived is what was sent')
          })
        )
      })
      for (const out of outs) rmSync(out)
      return sample
    },
    async folder(out) {
      mkdirSync(out)
      const list = scratch.at('curl.list')
      const entries = readdirSync(dir).map(name => `url = "${url(name)}"\noutput = "${path.join(out, name)}"\n`)
      writeFileSync(list, entries.join(''))
      return await measure([server], [], () =>
        run('curl', [...args, '--parallel', '--parallel-max', AT_ONCE, '--config', list])
      )
    }
  }
}

/** Signed by itself for 127.0.0.1, made by the system's openssl: Node has no call that makes one. */
async function makeCertificate(scratch: Scratch): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = [scratch.at('certificate.pem'), scratch.at('key.pem')]
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  await run('openssl', ['req', ...what, ...name, '-out', certificate, '-keyout', key])
  return { certificate, key }
}
