// One step of a simulated run: plain data.

/** Calls of a disk that can be made to fail, and how. */
export type FaultPlan = {
  readonly calls: readonly string[]
  readonly code: string
  readonly chance: number
}

interface At {
  readonly at: number
  readonly node: number
}

/** What somebody at a computer asks its Shoal for. */
export type Wish = At &
  (
    | { readonly do: 'share' | 'unshare'; readonly content: number }
    | {
        readonly do: 'get'
        readonly content: number
        readonly selection: readonly number[] | null
        readonly first: boolean
        readonly hints: boolean
        readonly giveUpAfterMs: number | null
      }
    | { readonly do: 'pause' | 'resume' | 'cancel' | 'retry' | 'remove' | 'startNow'; readonly content: number }
    | { readonly do: 'limit'; readonly active: number }
  )

/** What happens to a computer, its disk and its links. */
export type Event = At &
  (
    | { readonly do: 'quit' | 'kill' | 'cut' | 'start' }
    /** At the n-th call from now that changes the disk. */
    | { readonly do: 'crash'; readonly calls: number; readonly isCut: boolean }
    | {
        readonly do: 'change'
        readonly content: number
        readonly file: number
        readonly how: 'write' | 'touch' | 'delete' | 'restore'
      }
    /** The user puts something of his own where the content is to stand: the same, something else, or a file beside what comes. */
    | { readonly do: 'place'; readonly content: number; readonly what: 'copy' | 'other' | 'inside' }
    | { readonly do: 'fill' | 'free'; readonly leaveBytes: number }
    | { readonly do: 'fail'; readonly fault: FaultPlan; readonly forMs: number }
    | { readonly do: 'slow'; readonly call: string; readonly ms: number; readonly forMs: number }
    | { readonly do: 'link'; readonly to: number; readonly how: 'down' | 'silent' | 'slow'; readonly forMs: number }
  )

export type Step = Wish | Event

const WISHES: readonly string[] = 'share unshare get pause resume cancel retry remove startNow limit'.split(' ')
export const isWish = (step: Step): step is Wish => WISHES.includes(step.do)
