// What this page remembers for itself: how it looks and which language it speaks. Everything else is the engine's.
import { Store } from './store.ts'
import { isLanguage, type Language } from './i18n/languages.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage is switched off
  }
}
const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value)
  } catch {
    // kept until the page is closed
  }
}

export const savedTheme = (): Theme => THEMES.find(theme => theme === read('shoal.theme')) ?? 'system'

export function applyTheme(theme: Theme): void {
  write('shoal.theme', theme)
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  look.set({ ...look.get(), theme })
}

/** Whether the first steps are behind this page's user. */
export const isWelcomed = (): boolean => read('shoal.welcomed') != null
export const keepWelcomed = (): void => write('shoal.welcomed', 'yes')

/** The chosen one, else the first the browser prefers that there is, else English. */
export function savedLanguage(): Language {
  const saved = read('shoal.language')
  if (isLanguage(saved)) return saved
  return navigator.languages.map(tag => tag.split('-')[0]).find(isLanguage) ?? 'en'
}

export function keepLanguage(language: Language): void {
  write('shoal.language', language)
  look.set({ ...look.get(), language })
}

/** Both as they are now, for a window that has surfaces of its own. */
export const look = new Store<{ readonly theme: Theme; readonly language: Language }>({
  theme: savedTheme(),
  language: savedLanguage()
})

const DARK = matchMedia('(prefers-color-scheme: dark)')

/** For what is painted by hand: called when the colours are others, by the user's choice or the system's. */
export function followColours(repaint: () => void): () => void {
  const unfollow = look.subscribe(repaint)
  DARK.addEventListener('change', repaint)
  return () => {
    unfollow()
    DARK.removeEventListener('change', repaint)
  }
}

/** What the user chose in another tab of this page holds here too. */
export function followOtherTabs(speak: (language: Language) => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    const theme = THEMES.find(known => known === newValue)
    if (key === 'shoal.theme' && theme != null) applyTheme(theme)
    if (key === 'shoal.language' && isLanguage(newValue)) speak(newValue)
  })
}
