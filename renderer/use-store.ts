// How screens watch a store.
import { startTransition, useEffect, useState, useSyncExternalStore } from 'react'
import type { Store } from './store.ts'

/** For what the user does: drawn at once. */
export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get)

/** One thing of a store: drawn again only when that is another. */
export const useChosen = <T, C>(store: Store<T>, choose: (value: T) => C): C =>
  useSyncExternalStore(store.subscribe, () => choose(store.get()))

/** For what the engine says, many times a second, and for a whole new screen: drawn in slices, between which the page answers. */
export function useFeed<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get)
  useEffect(() => {
    const receive = (): void => {
      const latest = store.get()
      startTransition(() => setValue(() => latest))
    }
    receive() // it may have changed since it was drawn
    return store.subscribe(receive)
  }, [store])
  return value
}
