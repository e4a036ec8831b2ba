// The row somebody is on: the focus is in it, or in the menu it has opened. It is not taken away under them: neither by scrolling, nor because its state
// is no longer one that its list is about.
import { type FocusEvent, useEffect, useRef, useState } from 'react'

export interface Held {
  /** Null: nobody is on any. */
  readonly key: string | null
  /** For the element of the row: a menu is a part of it, wherever it is drawn. */
  readonly hold: (key: string) => (event: FocusEvent) => void
}

/** It is let go of when the focus comes to something else, not when it is nowhere: a window that is left and come back to is as it was. */
export function useHeld(): Held {
  const [key, setKey] = useState<string | null>(null)
  const mine = useRef<Event | null>(null)
  useEffect(() => {
    const look = (event: globalThis.FocusEvent): void => {
      if (event !== mine.current) setKey(null)
    }
    document.addEventListener('focusin', look) // after React, which listens further inside
    return () => document.removeEventListener('focusin', look)
  }, [])
  const hold = (of: string) => (event: FocusEvent) => {
    mine.current = event.nativeEvent
    setKey(of)
  }
  return { key, hold }
}
