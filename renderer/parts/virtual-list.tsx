// A list of any length: only what is seen is there. Arrow keys, Home and End move between rows; a row says which of how many it is.
// What is measured is measured by observers, after the browser has laid the page out: asked for while rows are being put in, each answer would cost a layout.
import {
  defaultRangeExtractor,
  elementScroll,
  measureElement,
  type Range,
  useVirtualizer,
  type Virtualizer
} from '@tanstack/react-virtual'
import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState
} from 'react'
import { type Held, useHeld } from './use-held.ts'

/** The element that scrolls: the screen, a drawer, a sheet. */
export const ScrollContext = createContext<{ readonly current: HTMLElement | null }>({ current: null })

export interface VirtualListProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  /** As most rows are, in pixels; each is measured. */
  readonly rowHeight: number
  /** Where rows stand below one another: 1 is the top. */
  readonly levelOf?: (row: Row) => number
  /** Of whoever wants to know which row somebody is on. */
  readonly held?: Held
  readonly children: (row: Row) => ReactNode
}

export function VirtualList<Row>(props: VirtualListProps<Row>) {
  const { label, rows, keyOf, levelOf, children } = props
  const list = useRef<HTMLUListElement>(null)
  const ownHeld = useHeld()
  const held = props.held ?? ownHeld
  const heldAt = held.key == null ? -1 : rows.findIndex(row => keyOf(row) === held.key)
  const { virtual, scrollMargin } = useSeenRows(props, list, heldAt)
  const onKeyDown = useRowKeys(virtual, list, rows.length)
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
        if (row == null) return null
        return (
          <li
            key={item.key}
            data-index={item.index}
            ref={virtual.measureElement}
            aria-setsize={rows.length}
            aria-posinset={item.index + 1}
            aria-level={levelOf?.(row)}
            style={{ transform: `translateY(${item.start - scrollMargin}px)` }}
            onFocus={held.hold(String(item.key))}
          >
            {children(row)}
          </li>
        )
      })}
    </ul>
  )
}

type List = Virtualizer<HTMLElement, HTMLLIElement>

/** Which rows are there, and where. @param heldAt the row that stays whatever is seen; -1: none */
function useSeenRows<Row>(
  { rows, keyOf, rowHeight }: VirtualListProps<Row>,
  list: RefObject<HTMLElement | null>,
  heldAt: number
): { virtual: List; scrollMargin: number } {
  const scroller = useContext(ScrollContext)
  const scrollMargin = useDistance(scroller, list)
  const isPlaced = useRef(false)
  const virtual = useVirtualizer<HTMLElement, HTMLLIElement>({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: at => keyOf(rows[at]!), // within count
    overscan: 4,
    rangeExtractor: range => withHeld(range, heldAt),
    initialRect: { width: innerWidth, height: innerHeight },
    observeElementRect: observeRect,
    measureElement: sizeOf,
    // the first time it would put what scrolls to its top: it is there, or where the user has scrolled it meanwhile
    scrollToFn: (offset, options, it) => {
      if (isPlaced.current) elementScroll(offset, options, it)
      isPlaced.current = true
    },
    useFlushSync: false, // a screen of new rows is drawn when there is time, not inside the scroll event
    scrollMargin
  })
  return { virtual, scrollMargin }
}

/** Moves the focus from row to row, also to one that is not there yet. */
function useRowKeys(virtual: List, list: RefObject<HTMLElement | null>, count: number) {
  const wanted = useRef<number | null>(null) // the row to be focused, as soon as it is there
  const focusWanted = (): void => {
    if (wanted.current == null) return
    const row = list.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] [data-row-main]`)
    if (row == null) return
    wanted.current = null
    row.focus()
  }
  useLayoutEffect(focusWanted) // after every drawing: which one brings it is the virtual list's affair
  return (event: React.KeyboardEvent): void => {
    wanted.current = null // whoever presses a key meanwhile is somewhere else
    const target = event.target as HTMLElement // React types it wider
    if (target.dataset.rowMain == null) return
    const at = Number(target.closest<HTMLElement>('[data-index]')?.dataset.index)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: count - 1 }[event.key]
    if (to == null || to < 0 || to >= count) return
    event.preventDefault()
    wanted.current = to
    virtual.scrollToIndex(to, { align: 'auto' })
    focusWanted()
  }
}

/** What is seen, and the row somebody is on: it keeps its focus and its menu when it is scrolled away. */
function withHeld(range: Range, heldAt: number): number[] {
  const seen = defaultRangeExtractor(range)
  if (heldAt < 0 || heldAt >= range.count || seen.includes(heldAt)) return seen
  return heldAt < (seen[0] ?? 0) ? [heldAt, ...seen] : [...seen, heldAt]
}

function observeRect({ scrollElement }: List, receive: (rect: { width: number; height: number }) => void) {
  if (scrollElement == null) return undefined
  const observer = new ResizeObserver(() =>
    receive({ width: scrollElement.clientWidth, height: scrollElement.clientHeight })
  )
  observer.observe(scrollElement)
  return () => observer.disconnect()
}

/** Without an entry it was just put in: taken for what it was last, or what most are, until the observer tells. */
function sizeOf(row: HTMLLIElement, entry: ResizeObserverEntry | undefined, list: List): number {
  const known = entry == null ? list.measurementsCache[list.indexFromElement(row)] : undefined
  return known?.size ?? measureElement(row, entry, list)
}

/** From the top of what scrolls to the top of the list in it: pixels. */
function useDistance(scroller: { readonly current: HTMLElement | null }, list: RefObject<HTMLElement | null>): number {
  const [distance, setDistance] = useState(0)
  useEffect(() => {
    const [inner, outer] = [list.current, scroller.current]
    if (inner == null || outer == null) return
    const measure = (): void => {
      const above = inner.getBoundingClientRect().top - outer.getBoundingClientRect().top
      setDistance(Math.round(above + outer.scrollTop))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(inner)
    outer.addEventListener('scroll', measure, { passive: true }) // something above it may have grown meanwhile
    return () => {
      observer.disconnect()
      outer.removeEventListener('scroll', measure)
    }
  }, [scroller, list])
  return distance
}
