// What would end a process, while simulated ones share this one.

const KINDS = ['uncaughtException', 'unhandledRejection'] as const
type Listener = (...args: unknown[]) => void

/** Until it is disposed of, what nobody catches is told to `hear` and to nobody else: neither Node nor a test runner ends anything. */
export function hearUncaught(hear: (kind: (typeof KINDS)[number], thrown: unknown) => void): Disposable {
  const ends = KINDS.map(kind => {
    const others = process.rawListeners(kind) as Listener[]
    const listener = (thrown: unknown): void => hear(kind, thrown)
    process.removeAllListeners(kind)
    process.on(kind, listener)
    return () => {
      process.off(kind, listener)
      for (const other of others) process.on(kind, other)
    }
  })
  return { [Symbol.dispose]: () => ends.forEach(end => end()) }
}
