// Where the focus goes when what had it goes away: a row that was removed, a toast that was closed, a form that was saved. Never nowhere.
import { useEffect } from 'react'

export const focusMain = (): void => document.querySelector('main')?.focus({ preventScroll: true })

/** To the row that took the place of the one that was removed, else to the screen. Whoever brings the focus back by themselves is let do it first. */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: { element: Element; list: Element | null; at: number } | null = null
    const remember = ({ target }: FocusEvent): void => {
      if (!(target instanceof Element)) return
      const row = target.closest<HTMLElement>('[data-index]')
      last = { element: target, list: row?.closest('.virtual-list') ?? null, at: Number(row?.dataset.index) }
    }
    const mend = (): void => {
      if (last == null || last.element.isConnected || document.activeElement !== document.body) return
      const rows = [...(last.list?.querySelectorAll<HTMLElement>('[data-index]') ?? [])]
      const next = rows.find(row => Number(row.dataset.index) >= (last?.at ?? 0)) ?? rows.at(-1)
      const main = next?.querySelector<HTMLElement>('[data-row-main]')
      last = null
      if (main == null) focusMain()
      else main.focus()
    }
    const observer = new MutationObserver(() => {
      if (last != null && !last.element.isConnected) requestAnimationFrame(mend)
    })
    observer.observe(document.body, { childList: true, subtree: true })
    document.addEventListener('focusin', remember)
    return () => {
      observer.disconnect()
      document.removeEventListener('focusin', remember)
    }
  }, [])
}
