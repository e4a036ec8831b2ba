// Time as a port: everything here that waits takes one, so tests step it.

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number
  /** Calls once after `ms`; returns what takes it back. Does not keep the process alive. */
  timer(ms: number, call: () => void): () => void
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  timer: (ms, call) => {
    const handle = setTimeout(call, ms).unref()
    return () => clearTimeout(handle)
  }
}
