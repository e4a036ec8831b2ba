// The one sentence of a row: what is going on, how far, how fast, how long, from whom. Only what is live is said.
import type { Share, ShareJob, Transfer } from '../app/contract/shapes.ts'
import { type Formats, spanOf } from './format.ts'
import type { Say } from './words/words.ts'

/** What a row's sentence says first, for its colour. */
export type Tone = 'active' | 'waiting' | 'done' | 'failed' | 'quiet'

export function toneOf(row: Transfer): Tone {
  if (row.state === 'done') return 'done'
  if (row.state === 'failed') return 'failed'
  if (row.state === 'disk-full' || row.state === 'waiting' || row.waitingFor != null) return 'waiting'
  return row.state === 'paused' || row.state === 'queued' ? 'quiet' : 'active'
}

const joined = (parts: readonly (string | false | null)[]): string =>
  parts.filter(part => part !== '' && part).join(' · ')

export function transferSentence(row: Transfer, say: Say, formats: Formats): string {
  const { bytes, total } = row
  const amount = total == null ? '' : formats.bytesOf(bytes, total, say('of'))
  switch (row.state) {
    case 'queued':
      return joined([
        say('transfer.queued'),
        row.place === 1 && say('queue.next'),
        row.place != null && row.place > 1 && say('queue.place', { place: formats.ordinal(row.place) }),
        bytes > 0 ? amount : total != null && formats.bytes(total)
      ])
    case 'finding':
      return joined([bytes > 0 && amount, row.waitingFor == null ? say('transfer.finding') : waitingSentence(row, say)])
    case 'fetching':
      if (row.waitingFor != null) return joined([amount, waitingSentence(row, say)])
      return joined([
        amount || formats.bytes(bytes),
        row.rate > 0 && formats.rate(row.rate),
        row.secondsLeft != null && leftSentence(row.secondsLeft, say),
        fromSentence(row, say)
      ])
    case 'verifying':
      return joined([amount, say('transfer.verifying')])
    case 'waiting':
      return joined([amount, waitingSentence(row, say)])
    case 'paused':
      return joined([say('transfer.paused'), amount])
    case 'done':
      return joined([say('transfer.done'), formats.bytes(total ?? bytes)])
    case 'failed':
      return joined([say(row.error == null ? 'transfer.failed' : `error.${row.error.code}.what`), bytes > 0 && amount])
    case 'disk-full':
      return joined([say('transfer.waiting.disk'), amount])
    default:
      return row.state satisfies never
  }
}

function waitingSentence(row: Transfer, say: Say): string {
  const why = row.waitingFor ?? 'peers'
  return say(why === 'peers' && row.bytes === 0 ? 'transfer.waiting.anybody' : `transfer.waiting.${why}`)
}

export function leftSentence(seconds: number, say: Say): string {
  const { unit, n } = spanOf(seconds)
  return say(`left.${unit}`, { count: n })
}

function fromSentence({ from, sources }: Transfer, say: Say): string {
  const [first] = from
  if (first == null || sources === 0) return ''
  const name = first === '' ? say('device.unnamed') : first
  return sources === 1 ? say('from.one', { name }) : say('from.more', { name, count: sources - 1 })
}

export function shareSentence(row: Share, say: Say, formats: Formats): string {
  if (row.state === 'changed') return say('share.changed')
  if (row.state === 'missing') return say('share.missing')
  if (row.state === 'indexing') return say('share.indexing')
  return joined([
    isAllHere(row) ? formats.bytes(row.bytes) : formats.bytesOf(row.hereBytes, row.bytes, say('of')),
    row.files > 1 &&
      (isAllHere(row)
        ? say('files', { count: row.files, n: formats.count(row.files) })
        : say('files.of', { n: formats.count(row.hereFiles), total: formats.count(row.files) })),
    row.readers > 0
      ? joined([say('share.readers', { count: row.readers }), row.rateOut > 0 && formats.rate(row.rateOut)])
      : row.copies > 0 && say('share.copies', { count: row.copies })
  ])
}

/** False when only some of its files were got. */
export const isAllHere = (row: Share): boolean => row.hereFiles === row.files

export function jobSentence(job: ShareJob, say: Say, formats: Formats): string {
  if (job.state === 'failed' || job.state === 'cancelled') return say(`error.${job.error?.code ?? 'internal'}.what`)
  const { bytes, total, rate, secondsLeft } = job
  return joined([
    say('job.preparing'),
    total == null ? formats.bytes(bytes) : formats.bytesOf(bytes, total, say('of')),
    job.files > 1 && say('files', { count: job.files, n: formats.count(job.files) }),
    rate > 0 && formats.rate(rate),
    secondsLeft != null && leftSentence(secondsLeft, say)
  ])
}
