// Time as a port: monotonic milliseconds and one timer, so that tests step it.

export interface Clock {
  /** Monotonic milliseconds; says nothing about the date. */
  now(): number
  /** Runs `fn` once after `ms`; the returned function takes it back. */
  after(ms: number, fn: () => void): () => void
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  }
}
