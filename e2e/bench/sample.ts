// One measured run, and what several of them come to.

import type { Usage } from '../procfs.ts'
import type { Program } from '../program.ts'

export interface Sample {
  /** From starting the first receiver to the last one's `done`: its start-up is in it. */
  readonly seconds: number
  /** During the run. Undefined where nobody sends. */
  readonly sender?: Usage
  /** CPU of all receivers, memory of the biggest. */
  readonly receiver: Usage
}

interface AnyLine {
  readonly event: string
}

/** Starts the receivers, and measures until each has printed its line `event` and ended. */
export async function measure<L extends AnyLine>(
  event: L['event'],
  sender: Program<AnyLine> | undefined,
  start: () => readonly Program<L>[]
): Promise<Sample> {
  const cpuBefore = sender?.usage.cpuSeconds ?? 0
  const startedAt = performance.now()
  const receivers = start()
  await using owner = new AsyncDisposableStack()
  for (const receiver of receivers) owner.use(receiver)
  const ends = await Promise.all(
    receivers.map(async it => {
      const line = await it.line(event, () => true, 600_000)
      return it.arrivedAt[it.lines.indexOf(line)] ?? Number.NaN
    })
  )
  const senderUsage = sender?.usage
  const usages = receivers.map(it => it.usage)
  return {
    seconds: (Math.max(...ends) - startedAt) / 1000,
    ...(senderUsage == null ? {} : { sender: { ...senderUsage, cpuSeconds: senderUsage.cpuSeconds - cpuBefore } }),
    receiver: {
      cpuSeconds: usages.reduce((sum, it) => sum + it.cpuSeconds, 0),
      peakRssBytes: Math.max(...usages.map(it => it.peakRssBytes))
    }
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Each figure's own median: the rows of a table, not one run. */
export function medianSample(samples: readonly Sample[]): Sample {
  const usage = (of: (sample: Sample) => Usage | undefined): Usage => ({
    cpuSeconds: median(samples.map(it => of(it)?.cpuSeconds ?? 0)),
    peakRssBytes: median(samples.map(it => of(it)?.peakRssBytes ?? 0))
  })
  return {
    seconds: median(samples.map(it => it.seconds)),
    ...(samples.some(it => it.sender != null) ? { sender: usage(it => it.sender) } : {}),
    receiver: usage(it => it.receiver)
  }
}
