// Virtual time: what is to happen, in order. Nothing happens but by an event of this list, and between two of them every promise that can settle has.

/** Whose event it is: it does not happen when they are gone. */
export interface Owner {
  readonly name: string
  readonly isOn: boolean
  /** Runs something as theirs. */
  run<T>(act: () => T): T
}

interface Event {
  readonly at: number
  /** Of two at the same time the one that was planned first happens first. */
  readonly order: number
  readonly owner: Owner | undefined
  readonly what: string
  act: (() => void) | undefined
}

/** setImmediate before anything could replace it. */
const nextTurn = setImmediate

/** When every promise that can settle by itself has. */
const settled = async (): Promise<void> => new Promise(resolve => nextTurn(resolve))

export class Timeline {
  /** Milliseconds since the beginning. */
  now = 0
  /** How many happened. */
  count = 0
  readonly #heap: Event[] = []
  #order = 0
  readonly #onEvent: (what: string, owner: Owner | undefined) => void
  readonly #onThrown: (thrown: unknown, owner: Owner | undefined) => void

  /** `onEvent`: before each. `onThrown`: what an event threw would have ended the process. */
  constructor(on: {
    event(what: string, owner: Owner | undefined): void
    thrown(thrown: unknown, owner: Owner | undefined): void
  }) {
    this.#onEvent = (what, owner) => on.event(what, owner)
    this.#onThrown = (thrown, owner) => on.thrown(thrown, owner)
  }

  /** Returns what takes it back. `owner`: undefined is the world. */
  after(ms: number, owner: Owner | undefined, what: string, act: () => void): () => void {
    const at = this.now + (ms > 0 ? ms : 0)
    const event: Event = { at, order: this.#order++, owner, what, act }
    push(this.#heap, event)
    return () => {
      event.act = undefined
    }
  }

  /** Resolves after `ms`; for the world itself. */
  async wait(ms: number): Promise<void> {
    await new Promise<void>(resolve => this.after(ms, undefined, 'wait', resolve))
  }

  /** The next event and all that comes of it at once. False when there is none, or none until `until`: then that is the time. */
  async step(until = Infinity): Promise<boolean> {
    for (let isSettled = false; ;) {
      const first = this.#heap[0]
      if ((first == null || first.at > until) && !isSettled) {
        isSettled = true
        await settled()
        continue
      }
      if (first == null || first.at > until) {
        if (until !== Infinity) this.now = until
        return false
      }
      pop(this.#heap)
      const { act, owner, at, what } = first
      if (act == null || owner?.isOn === false) continue
      this.now = at
      this.count++
      this.#onEvent(what, owner)
      try {
        if (owner == null) act()
        else owner.run(act)
      } catch (error) {
        this.#onThrown(error, owner)
      }
      await settled()
      return true
    }
  }

  async runUntil(until: number): Promise<void> {
    while (await this.step(until));
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const above = (at - 1) >> 1
    if (!isBefore(event, heap[above]!)) break
    heap[at] = heap[above]!
    at = above
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()
  if (last == null || heap.length === 0) return
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
    if (!isBefore(heap[below]!, last)) break
    heap[at] = heap[below]!
    at = below
  }
  heap[at] = last
}
