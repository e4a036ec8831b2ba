// Where the focus goes when what had it goes away: a row that was removed, a toast that was closed, a form that was saved. Never nowhere.
import { useEffect } from 'react'

const focusMain = (): void => document.querySelector('main')?.focus({ preventScroll: true })

/** What lies over the screen for a moment. */
const OVER = '.popover, .overlay, .toasts'

/** To the row it was in, else to the one that took that row's place, else to the screen. Whoever brings the focus back by themselves is let do it first. */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null
    let row: { item: Element; list: Element; at: number } | null = null
    const remember = ({ target }: FocusEvent): void => {
      if (!(target instanceof Element)) return
      last = target
      if (target.closest(OVER) != null) return // a menu or a sheet of a row: it goes back there
      const item = target.closest<HTMLElement>('[data-index]')
      const list = item?.closest('ul')
      row = item == null || list == null ? null : { item, list, at: Number(item.dataset.index) }
    }
    const mend = (): void => {
      if (last?.isConnected !== false || document.activeElement !== document.body) return
      const rows = [...(row?.list.querySelectorAll<HTMLElement>('[data-index]') ?? [])]
      const same = rows.find(item => item === row?.item)
      const next = same ?? rows.find(item => Number(item.dataset.index) >= (row?.at ?? 0)) ?? rows.at(-1)
      const main = next?.querySelector<HTMLElement>('[data-row-main]')
      last = null
      if (main == null) focusMain()
      else main.focus()
    }
    const observer = new MutationObserver(() => {
      if (last?.isConnected === false) requestAnimationFrame(mend)
    })
    observer.observe(document.body, { childList: true, subtree: true })
    document.addEventListener('focusin', remember)
    return () => {
      observer.disconnect()
      document.removeEventListener('focusin', remember)
    }
  }, [])
}
