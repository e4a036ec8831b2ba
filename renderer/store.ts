// A value that screens watch.
import { startTransition, useEffect, useState, useSyncExternalStore } from 'react'

export class Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  readonly get = (): T => this.#value

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    this.#listeners.forEach(listener => listener())
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** For what the user does: drawn at once. */
export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get)

/** For what the engine says, many times a second, and for a whole new screen: drawn in slices, between which the page answers. */
export function useFeed<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get)
  useEffect(() => {
    const take = (): void => {
      const latest = store.get()
      startTransition(() => setValue(() => latest))
    }
    take() // it may have changed since it was drawn
    return store.subscribe(take)
  }, [store])
  return value
}
