// Draws a part in a frame of its own, after what is there already: many parts that come at once would keep the page from answering.
import { type ReactNode, startTransition, useEffect, useState } from 'react'

const waiting = new Set<() => void>()
let frame = 0

/** One in each frame, in the order they asked. */
function drawNext(): void {
  const [next] = waiting
  frame = waiting.size > 1 ? requestAnimationFrame(drawNext) : 0
  if (next == null) return
  waiting.delete(next)
  next()
}

export function Deferred({ children }: { children: ReactNode }) {
  const [isTime, setTime] = useState(false)
  useEffect(() => {
    const draw = (): void => startTransition(() => setTime(true))
    waiting.add(draw)
    frame ||= requestAnimationFrame(drawNext)
    return () => void waiting.delete(draw)
  }, [])
  return isTime && children
}
