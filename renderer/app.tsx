// The window: rail, one screen, the drawer, one sheet; drop and paste anywhere.
import i18next from 'i18next'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { I18nProvider } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { type Place, PLACES } from '../app/contract/places.ts'
import { Details } from './drawers/details.tsx'
import { useKeptFocus } from './focus.ts'
import { formatsFor } from './format.ts'
import { ErrorBoundary } from './parts/error-boundary.tsx'
import { Rail } from './parts/rail.tsx'
import { Toasts } from './parts/toasts.tsx'
import { ScrollContext } from './parts/virtual-list.tsx'
import { useCopyWhenShared } from './parts/copy-when-shared.ts'
import { Banner } from './parts/banner.tsx'
import { useChangedToasts, useTransferToasts } from './parts/use-transfer-toasts.ts'
import { keepLanguage } from './preferences.ts'
import { PLACES_SHOWN } from './places.ts'
import { Unauthorized } from './screens/unauthorized.tsx'
import { CurrentSheet } from './sheets/current-sheet.tsx'
import { useFeed, useStore } from './use-store.ts'
import { type Context, type Ui, UiContext, useUi } from './ui.ts'
import { receive } from './incoming.ts'
import { isLanguage, type Translate } from './i18n/languages.ts'

export function App({ ui }: { ui: Ui }) {
  const { t: translate, i18n } = useTranslation()
  const language = i18n.language
  useEffect(() => {
    document.documentElement.lang = language
    document.documentElement.dir = i18n.dir(language)
    if (isLanguage(language) && language !== i18next.options.lng) keepLanguage(language)
  }, [i18n, language])
  const context: Context = useMemo(
    () => ({
      ui,
      t: ((key, values) => translate(key, values ?? {})) satisfies Translate,
      formats: formatsFor(language)
    }),
    [ui, translate, language]
  )
  return (
    <I18nProvider locale={language}>
      <UiContext.Provider value={context}>
        <ErrorBoundary>
          <Window context={context} />
        </ErrorBoundary>
      </UiContext.Provider>
    </I18nProvider>
  )
}

function Window({ context: { ui, t } }: { context: Context }) {
  const screen = useFeed(ui.screen)
  const link = useStore(ui.session.state)
  const drawer = useStore(ui.drawer)
  const scroller = useRef<HTMLElement>(null)
  const isOver = useDrop({ ui, t })
  useKeptFocus()
  useShortcuts(ui)
  useCopyWhenShared()
  useTransferToasts()
  useChangedToasts()
  useEffect(() => {
    document.title = screen === 'home' ? 'Shoal' : `${t(`place.${screen}`)} – Shoal`
  }, [screen, t])
  useEffect(() => {
    scroller.current?.scrollTo(0, 0)
  }, [screen])
  if (link === 'refused') return <Unauthorized />
  const { Screen } = PLACES_SHOWN[screen]
  return (
    <div className="window" data-drawer={drawer != null || undefined}>
      <Rail />
      <div className="middle">
        <Banner />
        <main className="content" ref={scroller} tabIndex={-1}>
          <ScrollContext.Provider value={scroller}>
            <Column key={screen} screen={screen}>
              <Screen />
            </Column>
          </ScrollContext.Provider>
        </main>
      </div>
      <Details />
      <CurrentSheet />
      <Toasts />
      {isOver && (
        <div className="drop-veil" aria-hidden="true">
          <span>{t('drop.release')}</span>
        </div>
      )}
    </div>
  )
}

/** A place. One that is being left is still seen until the next is drawn, and takes nothing any more: a menu opened there would go with it. */
function Column({ screen, children }: { screen: Place; children: ReactNode }) {
  const isLeft = useStore(useUi().ui.screen) !== screen
  return (
    <div className="column" inert={isLeft}>
      {children}
    </div>
  )
}

/** What text is typed into: there a text that is pasted is the field's. */
const TEXT_FIELDS = 'input:not([type=checkbox], [type=radio]), textarea'

/** Files and links, dropped or pasted anywhere; a link pasted into a field stays there. */
function useDrop({ ui, t }: Pick<Context, 'ui' | 't'>): boolean {
  const [depth, setDepth] = useState(0)
  useEffect(() => {
    const life = new AbortController()
    const on = <K extends keyof WindowEventMap>(type: K, listener: (event: WindowEventMap[K]) => void): void =>
      addEventListener(type, listener, { signal: life.signal })
    const isOurs = ({ dataTransfer }: DragEvent): boolean =>
      dataTransfer?.types.some(type => type === 'Files' || type.startsWith('text/')) ?? false
    const takeIt = (transfer: DataTransfer | null): void => {
      if (transfer == null) return
      if (ui.isSheetBusy) ui.toast(t('upload.busy'))
      else void receive(ui, transfer)
    }
    on('dragenter', event => {
      if (isOurs(event)) setDepth(n => n + 1)
    })
    on('dragleave', event => {
      if (isOurs(event)) setDepth(n => Math.max(0, n - 1))
    })
    on('dragover', event => event.preventDefault())
    on('drop', event => {
      event.preventDefault()
      setDepth(0)
      takeIt(event.dataTransfer)
    })
    on('paste', event => {
      const isField = event.target instanceof HTMLElement && event.target.closest(TEXT_FIELDS) != null
      if (event.defaultPrevented || (isField && event.clipboardData?.files.length === 0)) return
      event.preventDefault()
      takeIt(event.clipboardData)
    })
    return () => life.abort()
  }, [ui, t])
  return depth > 0
}

/** Alt and a digit: the places. Escape: the drawer. Control or Command and Z: the last removal is taken back. A sheet has its own keys. */
function useShortcuts(ui: Ui): void {
  useEffect(() => {
    const life = new AbortController()
    const onKey = (event: KeyboardEvent): void => {
      if (ui.sheet.get() != null) return
      const digit = event.altKey && !event.ctrlKey && !event.metaKey ? /^Digit(\d)$/.exec(event.code)?.[1] : undefined
      const place = PLACES[Number(digit) - 1]
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z'
      const isField = event.target instanceof HTMLElement && event.target.closest(TEXT_FIELDS) != null
      if (place != null) ui.go(place)
      else if (event.key === 'Escape') ui.drawer.set(null)
      else if (!isUndo || isField || !ui.toasts.undo()) return
      event.preventDefault()
    }
    addEventListener('keydown', onKey, { signal: life.signal })
    return () => life.abort()
  }, [ui])
}
