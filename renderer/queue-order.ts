// Downloads that wait for their turn, and where the others stand around them. Pure.
import type { Transfer } from '../app/contract/shapes.ts'

/** Ids, whoever is next first. */
export const queueOf = (rows: Iterable<Transfer>): string[] =>
  [...rows]
    .filter(isQueued)
    .sort(byPlace)
    .map(row => row.id)

export const isQueued = ({ state }: Transfer): boolean => state === 'queued'

const byPlace = (a: Transfer, b: Transfer): number =>
  (a.place ?? Infinity) - (b.place ?? Infinity) || b.addedAt - a.addedAt

/** What goes on, then the queue in its order, then what rests; the newest first where nothing is queued. */
export function inOrder(rows: readonly Transfer[], isRunning: (row: Transfer) => boolean): Transfer[] {
  const rank = (row: Transfer): number => (isQueued(row) ? 1 : isRunning(row) ? 0 : 2)
  return rows.toSorted((a, b) => {
    const [of, than] = [rank(a), rank(b)]
    if (of !== than) return of - than
    return of === 1 ? byPlace(a, b) : b.addedAt - a.addedAt
  })
}

export type Move = 'front' | 'up' | 'down' | 'end'

/** Which one it is to stand before to get there; null: none, it is the last then; undefined: it stands there already, or does not wait. */
export function placeBefore(queue: readonly string[], id: string, move: Move): string | null | undefined {
  const at = queue.indexOf(id)
  if (at < 0) return undefined
  const isFirst = at === 0
  const isLast = at === queue.length - 1
  switch (move) {
    case 'front':
      return isFirst ? undefined : queue[0]
    case 'up':
      return isFirst ? undefined : queue[at - 1]
    case 'down':
      return isLast ? undefined : (queue[at + 2] ?? null)
    case 'end':
      return isLast ? undefined : null
    default:
      return move satisfies never
  }
}
