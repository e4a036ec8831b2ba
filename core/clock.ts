// Time as a port: everything here that waits takes one, so tests step it.

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Calls once after `ms`; returns what takes it back. Does not keep the process alive. */
  after(ms: number, call: () => void): () => void
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const handle = setTimeout(call, ms).unref()
    return () => clearTimeout(handle)
  }
}
