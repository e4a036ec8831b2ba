// run.json: how the other commands on a data directory reach the process that holds it. Only its owner can read it, and the token in it is the proof.
import { openSync, closeSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { isNoRoom, ownDiskFull } from '../../core/files/write-error.ts'

const MAX_CHARS = 64 * 1024

const RunFile = z.object({
  pid: z.int(),
  port: z.int().min(1).max(65_535),
  token: z.string().min(43).max(128), // for the command line
  ui: z.string().nullable(), // the page's address with its token; null: no page
  version: z.string()
})
export type RunFile = z.infer<typeof RunFile>

const fileIn = (dir: string): string => path.join(dir, 'run.json')

/** Whole or not at all, mode 0600 from its first byte. The caller holds the data directory. Throws `disk-full`. */
export function writeRunFile(dir: string, run: RunFile): void {
  const draft = `${fileIn(dir)}.new`
  rmSync(draft, { force: true })
  try {
    const fd = openSync(draft, 'wx', 0o600)
    try {
      writeSync(fd, `${JSON.stringify(run)}\n`)
    } finally {
      closeSync(fd)
    }
    renameSync(draft, fileIn(dir))
  } catch (error) {
    rmSync(draft, { force: true })
    throw isNoRoom(error) ? ownDiskFull(error) : error
  }
}

/** Undefined when there is none or it makes no sense: nobody answers there. */
export function readRunFile(dir: string): RunFile | undefined {
  try {
    const text = readFileSync(fileIn(dir), 'utf8')
    if (text.length > MAX_CHARS) return undefined
    return RunFile.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export function removeRunFile(dir: string): void {
  rmSync(fileIn(dir), { force: true })
}
