// Decides when a peer we want to stay connected to is dialled: at once, then with growing pauses. No clock, no dice, no I/O.

const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 60_000
/** Dials running at once; the rest waits its turn. */
export const MAX_DIALLING = 8

export type RedialInput =
  | { type: 'want'; key: string; isConnected: boolean }
  | { type: 'unwant'; key: string }
  | { type: 'connected'; key: string }
  | { type: 'disconnected'; key: string }
  | { type: 'failed'; key: string } // ends the dial that a `dial` effect began; `connected` does too
  | { type: 'tick' }
export type RedialEffect = { type: 'dial'; key: string }

interface Target {
  state: 'connected' | 'dialling' | 'waiting'
  dueAt: number
  failures: number
}

export class Redial {
  readonly #targets = new Map<string, Target>()
  readonly #random: () => number

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random
  }

  /** `now` is monotonic, ms. */
  apply(input: RedialInput, now: number): RedialEffect[] {
    switch (input.type) {
      case 'want':
        if (!this.#targets.has(input.key)) {
          this.#targets.set(input.key, { state: input.isConnected ? 'connected' : 'waiting', dueAt: now, failures: 0 })
        }
        break
      case 'unwant':
        this.#targets.delete(input.key)
        break
      case 'connected':
        this.#change(input.key, target => ({ ...target, state: 'connected', failures: 0 }))
        break
      case 'disconnected':
        this.#change(input.key, target =>
          target.state === 'connected' ? { ...target, state: 'waiting', dueAt: now + this.#pause(0) } : target
        )
        break
      case 'failed':
        this.#change(input.key, target =>
          target.state === 'dialling'
            ? { state: 'waiting', dueAt: now + this.#pause(target.failures), failures: target.failures + 1 }
            : target
        )
        break
      case 'tick':
        break
      default:
        input satisfies never
    }
    return this.#dialDue(now)
  }

  /** When `tick` should come at the latest, monotonic ms; undefined when only another input can change anything. */
  nextWakeAt(): number | undefined {
    const { waiting, dialling } = this.#byState()
    if (waiting.length === 0 || dialling >= MAX_DIALLING) return undefined
    return Math.min(...waiting.map(([, target]) => target.dueAt))
  }

  #dialDue(now: number): RedialEffect[] {
    const { waiting, dialling } = this.#byState()
    const due = waiting.filter(([, target]) => target.dueAt <= now).sort(([, a], [, b]) => a.dueAt - b.dueAt)
    return due.slice(0, Math.max(0, MAX_DIALLING - dialling)).map(([key, target]) => {
      target.state = 'dialling'
      return { type: 'dial', key }
    })
  }

  #byState(): { waiting: [string, Target][]; dialling: number } {
    const all = [...this.#targets]
    return {
      waiting: all.filter(([, target]) => target.state === 'waiting'),
      dialling: all.filter(([, target]) => target.state === 'dialling').length
    }
  }

  #change(key: string, next: (target: Target) => Target): void {
    const target = this.#targets.get(key)
    if (target != null) this.#targets.set(key, next(target))
  }

  #pause(failures: number): number {
    return Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS) * (0.75 + this.#random() / 2)
  }
}
