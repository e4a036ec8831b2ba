// Folders that a test owns: made under a unique name, gone with the scope.

import { globSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

const SHARED_MEMORY = process.env.SHOAL_TEST_SCRATCH ?? '/dev/shm' // a whole run has a folder of its own there
const SPARE_BYTES = 512 * 1024 * 1024

export interface Scratch extends AsyncDisposable {
  readonly dir: string
  /** A path below the folder. */
  at(...parts: string[]): string
  /** An engine may crash here: the test makes one. */
  mayCrash: boolean
}

/**
 * In memory where there is room for `needBytes` and some to spare, else in the system's temporary folder; throws when neither has it.
 * Its end fails when an engine that kept its data here has crashed: what nobody waited for would go unseen.
 */
export function openScratch(needBytes = 64 * 1024 * 1024): Scratch {
  const parent = [SHARED_MEMORY, os.tmpdir()].find(dir => freeBytes(dir) >= needBytes + SPARE_BYTES)
  if (parent == null) throw new Error(`No scratch folder has ${needBytes} bytes free`)
  const dir = mkdtempSync(path.join(parent, 'shoal-e2e-'))
  return {
    dir,
    at: (...parts) => path.join(dir, ...parts),
    mayCrash: false,
    async [Symbol.asyncDispose]() {
      const crashes = this.mayCrash ? [] : crashesIn(dir)
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
      if (crashes.length > 0) throw new Error(`An engine crashed:\n${crashes.join('\n')}`)
    }
  }
}

/** Lines of the logs of the data directories in it. */
function crashesIn(dir: string): string[] {
  const logs = globSync('{*,*/*}/logs/shoal.jsonl', { cwd: dir })
  const lines = logs.flatMap(file => readFileSync(path.join(dir, file), 'utf8').split('\n'))
  return lines.filter(line => line.includes('"engine.crashed"'))
}

function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  } catch {
    return 0
  }
}
