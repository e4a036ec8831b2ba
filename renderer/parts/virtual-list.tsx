// A list of any length: only what is seen is there. Arrow keys, Home and End move between rows; a row says which of how many it is.
import { useVirtualizer } from '@tanstack/react-virtual'
import { createContext, type ReactNode, useContext, useLayoutEffect, useRef, useState } from 'react'

/** The element that scrolls: the screen, a drawer, a sheet. */
export const ScrollContext = createContext<{ readonly current: HTMLElement | null }>({ current: null })

export function VirtualList<Row>({
  label,
  rows,
  keyOf,
  rowHeight,
  children
}: {
  label: string
  rows: readonly Row[]
  keyOf: (row: Row) => string
  /** As most rows are, in pixels; each is measured. */
  rowHeight: number
  children: (row: Row) => ReactNode
}) {
  const scroller = useContext(ScrollContext)
  const list = useRef<HTMLUListElement>(null)
  const [scrollMargin, setScrollMargin] = useState(0)
  useLayoutEffect(() => {
    const top = list.current?.getBoundingClientRect().top ?? 0
    const above = scroller.current?.getBoundingClientRect().top ?? 0
    setScrollMargin(Math.round(top - above + (scroller.current?.scrollTop ?? 0)))
  }, [scroller, rows.length])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: at => keyOf(rows[at]!), // within count
    overscan: 4,
    useFlushSync: false, // a screen of new rows is drawn when there is time, not inside the scroll event
    scrollMargin
  })

  const wanted = useRef<number | null>(null) // the row to be focused, as soon as it is there
  const focusWanted = (): void => {
    if (wanted.current == null) return
    const row = list.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] [data-row-main]`)
    if (row == null) return
    wanted.current = null
    row.focus()
  }
  useLayoutEffect(focusWanted) // after every drawing: which one brings it is the virtual list's affair
  const focusRow = (at: number): void => {
    wanted.current = at
    virtual.scrollToIndex(at, { align: 'auto' })
    focusWanted()
  }
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const target = event.target as HTMLElement // React types it wider
    if (target.dataset.rowMain == null) return
    const at = Number(target.closest<HTMLElement>('[data-index]')?.dataset.index)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key]
    if (to == null || to < 0 || to >= rows.length) return
    event.preventDefault()
    focusRow(to)
  }

  return (
    // the keys move the focus between the buttons inside
    <ul
      className="virtual-list"
      ref={list}
      aria-label={label}
      onKeyDown={onKeyDown}
      style={{ blockSize: virtual.getTotalSize() }}
    >
      {virtual.getVirtualItems().map(item => {
        const row = rows[item.index]
        if (row === undefined) return null
        return (
          <li
            key={item.key}
            data-index={item.index}
            ref={virtual.measureElement}
            aria-setsize={rows.length}
            aria-posinset={item.index + 1}
            style={{ transform: `translateY(${item.start - scrollMargin}px)` }}
          >
            {children(row)}
          </li>
        )
      })}
    </ul>
  )
}
