// Where the tests of one run put what they need for a while: folders of its own, so that whatever a test that was cut off has left goes with them.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const NAMED_NETWORKS = '/run/netns' // ip-netns(8)

/** Processes started from now on use them. `remove` also undoes the mounts in them and the network namespaces of this run. */
export function openRunFolders(env = process.env) {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'shoal-'))
  const memory = env.SHOAL_TEST_SHARED ?? '/dev/shm'
  const shared = existsSync(memory) ? mkdtempSync(path.join(memory, 'shoal-')) : undefined
  for (const folder of [temporary, shared]) if (folder != null) chmodSync(folder, 0o1777) // as those they are in: some tests run as somebody else
  const run = path.basename(shared ?? temporary)
  for (const name of process.platform === 'win32' ? ['TEMP', 'TMP'] : ['TMPDIR']) env[name] = temporary
  env.SHOAL_TEST_RUN = run // for what has a name of its own
  if (shared != null) env.SHOAL_TEST_SCRATCH = shared
  return {
    temporary,
    shared,
    run,
    remove() {
      const folders = [temporary, ...(shared == null ? [] : [shared])]
      for (const mount of mountsBelow(folders)) tryTo('umount', '--lazy', mount)
      for (const network of networksOf(run)) tryTo('ip', 'netns', 'delete', network)
      for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

/** The innermost first. */
function mountsBelow(folders) {
  if (process.platform !== 'linux') return []
  const places = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line =>
      (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
    )
  return places.filter(place => folders.some(folder => place.startsWith(`${folder}/`))).reverse()
}

const networksOf = run =>
  existsSync(NAMED_NETWORKS) ? readdirSync(NAMED_NETWORKS).filter(name => name.startsWith(`${run}-`)) : []

function tryTo(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
  } catch {
    // somebody else was faster, or may do it: the folder that stays says so
  }
}
