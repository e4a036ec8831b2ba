// A user without rights, for what a test that runs as root is never refused. It may not be able to enter the folder of the project (as of a clone under
// /root), so it runs a copy of the program.

import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PeerOptions } from './peer.ts'

const OUT = fileURLToPath(new URL('../out', import.meta.url))
const NOBODY = 65_534
/** The rights go with the exec and not before it: Node's own binary may stand anywhere. */
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

/** Makes `dir`, which anybody may enter from then on, with a copy of the program and a data directory in it; a peer on them runs without rights. Needs root. */
export function asNobody(dir: string): Required<Pick<PeerOptions, 'data' | 'prefix' | 'cli'>> {
  const program = path.join(dir, 'program')
  const data = path.join(dir, 'data')
  cpSync(OUT, program, { recursive: true, filter: file => !file.endsWith('.map') })
  mkdirSync(data)
  chownSync(data, NOBODY, NOBODY)
  const all = readdirSync(program, { recursive: true, encoding: 'utf8' }).map(name => path.join(program, name))
  for (const file of [dir, program, ...all]) chmodSync(file, 0o755) // whatever the umask of the build was
  return { data, prefix: AS_NOBODY, cli: path.join(program, 'cli.js') }
}
