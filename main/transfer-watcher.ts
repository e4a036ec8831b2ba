// What the system notices of transfers, for as long as one engine runs: how far they are, whether the machine should stay awake, which have ended.
import type { ListUpdate, NodeStatus, Transfer } from '../app/contract/shapes.ts'
import { transferProgressOf } from './transfer-progress.ts'

type Feed<T> = (input: Record<string, never>, options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>

export interface BusyParts {
  /** The two feeds of an engine's client that are read. */
  readonly client: {
    readonly transfer: { readonly feed: Feed<ListUpdate<Transfer>> }
    readonly node: { readonly status: Feed<NodeStatus> }
  }
  /** 0 to 1 over everything that moves; null: nothing does any more. */
  readonly onProgress: (progress: number | null) => void
  /** Something arrives, is checked or is sent, or nothing is any more. */
  readonly onBusy: (isBusy: boolean) => void
  readonly onEnded: (row: Transfer) => void
}

/** Ends with `signal` or with the engine, and takes back what it said. Never rejects. */
export async function watchTransfers(parts: BusyParts, signal: AbortSignal): Promise<void> {
  let isGetting = false
  let isSending = false
  const update = (): void => parts.onBusy(isGetting || isSending)
  await Promise.all([
    followTransfers(parts, signal, isBusy => {
      isGetting = isBusy
      update()
    }),
    followRate(parts.client, signal, rate => {
      isSending = rate > 0
      update()
    })
  ])
  parts.onProgress(null)
  parts.onBusy(false)
}

async function followTransfers(
  parts: BusyParts,
  signal: AbortSignal,
  onBusy: (isBusy: boolean) => void
): Promise<void> {
  let before: Map<string, Transfer['state']> | null = null
  await untilEnd(async () => {
    for await (const rows of transfersOf(parts.client, signal)) {
      const { progress, isBusy, ended } = transferProgressOf(rows, before)
      before = new Map(rows.map(row => [row.id, row.state]))
      parts.onProgress(progress)
      onBusy(isBusy)
      ended.forEach(parts.onEnded)
    }
  })
}

/** Every row, after each change of any. */
async function* transfersOf(client: BusyParts['client'], signal: AbortSignal): AsyncGenerator<Transfer[]> {
  const rows = new Map<string, Transfer>()
  for await (const update of await client.transfer.feed({}, { signal })) {
    if (update.whole) rows.clear()
    for (const row of update.rows) rows.set(row.id, row)
    for (const id of update.removed) rows.delete(id)
    yield [...rows.values()]
  }
}

async function followRate(client: BusyParts['client'], signal: AbortSignal, onRate: (out: number) => void) {
  await untilEnd(async () => {
    for await (const status of await client.node.status({}, { signal })) onRate(status.rateOut)
  })
}

async function untilEnd(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch {
    // the engine has ended; whoever starts the next one watches it again
  }
}
