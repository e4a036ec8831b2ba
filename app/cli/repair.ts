// `shoal repair`, and the question that leads to it where somebody can answer.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { CodedError } from '../../core/errors.ts'
import { DATA_MARKER } from '../../core/files/data-dirs.ts'
import { isIndexUnusable, repairIndex } from '../service/repair.ts'
import { repairedLine } from './json-lines.ts'
import type { Output, Sink } from './output.ts'

/** Throws what `repairIndex` throws. */
export function repair(dataDir: string, out: Output): number {
  if (!existsSync(path.join(dataDir, DATA_MARKER))) {
    throw new CodedError('not-found', `There is no Shoal data in ${dataDir}. Check --data.`)
  }
  out.note('Checking the index. This can take a few minutes ...')
  const repaired = repairIndex(dataDir, Date.now())
  out.line(repairedLine(repaired))
  if (repaired == null) {
    out.text('The index is in order. Nothing was changed.')
    return 0
  }
  const { aside, shares, downloads } = repaired
  if (shares + downloads === 0) out.note('What was shared is not known: share it again.')
  out.text(`The damaged index is now in ${aside}`)
  out.note(`The next \`shoal serve\`, or the window, makes a new one: it reads ${count(shares, 'share')} again and resumes ${count(downloads, 'download')}.`) // prettier-ignore
  return 0
}

/** Asks once, where a person sees it and can answer. True: it was repaired. */
export async function offerRepair(
  dataDir: string,
  out: Output,
  { stdin, stderr, interrupt }: { stdin: Readable; stderr: Sink; interrupt: AbortSignal }
): Promise<boolean> {
  if (!isIndexUnusable(dataDir)) return false
  stderr.write("Shoal's index is damaged. Your files are not affected. Make a new index? [y/N] ")
  const lines = createInterface({ input: stdin })
  try {
    const ended = once(lines, 'close').then(() => ['']) // Ctrl-D
    const [answer = ''] = (await Promise.race([once(lines, 'line', { signal: interrupt }), ended])) as string[]
    if (!/^y(es)?$/i.test(answer.trim())) return false
  } finally {
    lines.close()
  }
  return repair(dataDir, out) === 0
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
