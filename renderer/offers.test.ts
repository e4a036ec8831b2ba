import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Share, ShareJob } from '../app/contract/shapes.ts'
import { keyOf, NO_OFFERS, nextOffers, type Offers } from './offers.ts'

const share = (root: string, job: string | null): Share => ({
  root, name: root, bytes: 1, files: 1, hereBytes: 1, hereFiles: 1, state: 'ready', origin: 'shared', addedAt: 0,
  copies: 0, readers: 0, rateOut: 0, sentBytes: 0, job
}) // prettier-ignore
const going = (job: string): ShareJob => ({
  job, name: job, state: 'indexing', bytes: 0, total: 1, files: 1, rate: 0, secondsLeft: null, root: null, leftOut: null,
  error: null
}) // prettier-ignore
const done = (job: string, root: string): ShareJob => ({ ...going(job), state: 'done', root })
const shares = (...rows: Share[]) => new Map(rows.map(row => [row.root, row]))

/** The keys of all rows, after each of these. */
function follow(...steps: [jobs: ShareJob[], shares: Share[], leaving?: string[]][]): string[] {
  let offers: Offers = NO_OFFERS
  return steps.map(([jobs, rows, leaving = []]) => {
    offers = nextOffers(offers, jobs, shares(...rows), new Set(leaving))
    return [...offers.jobs, ...offers.shares.values()].map(row => keyOf(row, offers)).join(' ')
  })
}

test('a job and its share are one row, whichever is told first', () => {
  const [r, j] = [share('r', 'j'), done('j', 'r')]
  assert.deepEqual(follow([[going('j')], []], [[j], []], [[j], [r]], [[], [r]]), ['j', 'j', 'j', 'j'])
  assert.deepEqual(follow([[going('j')], []], [[going('j')], [r]], [[j], [r]], [[], [r]]), ['j', 'j', 'j', 'j'])
})

test('what is shared again while it can be seen keeps its row', () => {
  const old = share('r', null)
  assert.deepEqual(
    follow(
      [[], [old]],
      [[going('j')], [old]],
      [[going('j')], [share('r', 'j')]],
      [[done('j', 'r')], [share('r', 'j')]]
    ),
    ['r', 'j r', 'j r', 'r']
  )
})

test('what was on its way out and is shared again is the row of the job', () => {
  const r = share('r', 'j')
  assert.deepEqual(
    follow(
      [[], [share('r', null)]],
      [[going('j')], [share('r', null)], ['r']],
      [[done('j', 'r')], [r], ['r']],
      [[done('j', 'r')], [r]]
    ),
    ['r', 'j', '', 'j']
  )
})

test('a share of before the page was there, and a job that failed, are rows of their own', () => {
  const failed: ShareJob = { ...going('k'), state: 'failed' }
  assert.deepEqual(follow([[failed], [share('r', 'long over')]]), ['k r'])
})
