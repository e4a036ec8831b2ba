// The one sentence of a row: what is going on, how far, how fast, how long, from whom. Only what is live is said.
import type { Share, ShareJob, Transfer } from '../app/contract/shapes.ts'
import { type Formats, spanOf } from './format.ts'
import { sentenceOf } from './sentences.ts'
import type { Translate } from './i18n/languages.ts'

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

export function transferSentence(row: Transfer, t: Translate, formats: Formats): string {
  const { bytes, total } = row
  const amount = total == null ? '' : formats.bytesOf(bytes, total, t('of'))
  switch (row.state) {
    case 'queued':
      return joined([
        t('transfer.queued'),
        row.place === 1 && t('queue.next'),
        row.place != null && row.place > 1 && t('queue.place', { place: formats.ordinal(row.place) }),
        bytes > 0 ? amount : total != null && formats.bytes(total)
      ])
    case 'finding':
      return joined([bytes > 0 && amount, row.waitingFor == null ? t('transfer.finding') : waitingSentence(row, t)])
    case 'fetching':
      if (row.waitingFor != null) return joined([amount, waitingSentence(row, t)])
      return joined([
        amount || formats.bytes(bytes),
        row.rate > 0 && formats.rate(row.rate),
        row.secondsLeft != null && leftSentence(row.secondsLeft, t),
        fromSentence(row, t)
      ])
    case 'verifying':
      return joined([amount, t('transfer.verifying')])
    case 'waiting':
      return joined([amount, waitingSentence(row, t)])
    case 'paused':
      return joined([t('transfer.paused'), amount])
    case 'done':
      return joined([t('transfer.done'), formats.bytes(total ?? bytes)])
    case 'failed':
      return joined([
        t(row.error == null ? 'transfer.failed' : sentenceOf(row.error.code, 'stopped', false).what),
        bytes > 0 && amount
      ])
    case 'disk-full':
      return joined([t('transfer.waiting.disk'), amount])
    default:
      return row.state satisfies never
  }
}

function waitingSentence(row: Transfer, t: Translate): string {
  const why = row.waitingFor ?? 'peers'
  return t(why === 'peers' && row.bytes === 0 ? 'transfer.waiting.anybody' : `transfer.waiting.${why}`)
}

export function leftSentence(seconds: number, t: Translate): string {
  const { unit, n } = spanOf(seconds)
  return t(`left.${unit}`, { count: n })
}

function fromSentence({ from, sources }: Transfer, t: Translate): string {
  const [first] = from
  if (first == null || sources === 0) return ''
  const name = first === '' ? t('device.unnamed') : first
  return sources === 1 ? t('from.one', { name }) : t('from.more', { name, count: sources - 1 })
}

export function shareSentence(row: Share, t: Translate, formats: Formats): string {
  if (row.state === 'changed') return t('share.changed')
  if (row.state === 'missing') return t('share.missing')
  if (row.state === 'indexing') return t('share.indexing')
  return joined([
    isAllHere(row) ? formats.bytes(row.bytes) : formats.bytesOf(row.hereBytes, row.bytes, t('of')),
    row.files > 1 &&
      (isAllHere(row)
        ? t('files', { count: row.files, n: formats.count(row.files) })
        : t('files.of', { n: formats.count(row.hereFiles), total: formats.count(row.files) })),
    row.readers > 0
      ? joined([t('share.readers', { count: row.readers }), row.rateOut > 0 && formats.rate(row.rateOut)])
      : row.copies > 0 && t('share.copies', { count: row.copies })
  ])
}

/** False when only some of its files were got. */
export const isAllHere = (row: Share): boolean => row.hereFiles === row.files

export function jobSentence(job: ShareJob, t: Translate, formats: Formats): string {
  if (job.state === 'failed' || job.state === 'cancelled') return t(`error.${job.error?.code ?? 'internal'}.what`)
  const { bytes, total, rate, secondsLeft } = job
  return joined([
    t('job.preparing'),
    total == null ? formats.bytes(bytes) : formats.bytesOf(bytes, total, t('of')),
    job.files > 1 && t('files', { count: job.files, n: formats.count(job.files) }),
    rate > 0 && formats.rate(rate),
    secondsLeft != null && leftSentence(secondsLeft, t)
  ])
}
