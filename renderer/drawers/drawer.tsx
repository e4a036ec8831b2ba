// The frame of every drawer, and the parts it is made of.
import { X } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { IconAction } from '../parts/controls.tsx'
import { Deferred } from '../parts/deferred.tsx'
import { ScrollContext } from '../parts/virtual-list.tsx'
import { useUi } from '../ui.ts'

/** Where it lies over the screen (sheets.css): what had the focus is under it then. */
const COVERS = '(max-width: 1100px)'

export function Drawer({ title, children }: { title: string; children: ReactNode }) {
  const { ui, t } = useUi()
  const body = useRef<HTMLDivElement>(null)
  const before = useRef(document.activeElement)
  useEffect(() => {
    const from = before.current
    if (matchMedia(COVERS).matches) body.current?.focus({ preventScroll: true })
    return () => {
      if (from instanceof HTMLElement && document.activeElement === document.body) from.focus()
    }
  }, [])
  return (
    <aside className="drawer" aria-label={t('details.of', { name: title })}>
      <header className="sheet-head">
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <IconAction icon={X} label={t('close')} onPress={() => ui.drawer.set(null)} />
      </header>
      {/* a part that scrolls must be reached by the keyboard */}
      <div className="drawer-body" ref={body} tabIndex={0} role="group" aria-label={title}>
        <ScrollContext.Provider value={body}>
          <Deferred>{children}</Deferred>
        </ScrollContext.Provider>
      </div>
    </aside>
  )
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A part of the details, drawn after what is above it. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Deferred>
      <section>
        <h3>{title}</h3>
        {children}
      </section>
    </Deferred>
  )
}

/** A row that was there and went away takes its drawer with it; one that is about to come is waited for. */
export function useCloseWhenGone(row: unknown): void {
  const { ui } = useUi()
  const wasThere = useRef(false)
  useEffect(() => {
    if (row != null) wasThere.current = true
    else if (wasThere.current) ui.drawer.set(null)
  }, [ui, row])
}
