// The page begins: words, session, model, then what is seen.
import i18next from 'i18next'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { initReactI18next } from 'react-i18next'
import { PLACES } from '../app/contract/places.ts'
import { App } from './app.tsx'
import { browserPlatform } from './browser-platform.ts'
import { openClient } from './client.ts'
import { bridgeOf, desktopPlatform } from './desktop-platform.ts'
import { followDesktop } from './follow-desktop.ts'
import { openModel } from './model.ts'
import { applyTheme, followOtherTabs, savedLanguage, savedTheme } from './preferences.ts'
import { Session } from './session.ts'
import './styles/tokens.css'
import './styles/page.css'
import './styles/controls.css'
import './styles/screens.css'
import './styles/lists.css'
import './styles/sheets.css'
import { Ui } from './ui.ts'
import { LANGUAGES } from './i18n/languages.ts'

const SCREEN_KEY = 'shoal.screen'

applyTheme(savedTheme())
const lng = savedLanguage()
document.documentElement.lang = lng
await i18next.use(initReactI18next).init({
  lng,
  fallbackLng: 'en',
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false }, // React escapes
  resources: Object.fromEntries(Object.entries(LANGUAGES).map(([id, { words }]) => [id, { translation: words }]))
})
followOtherTabs(language => void i18next.changeLanguage(language))

const life = new AbortController()
const bridge = bridgeOf(window)
const platform = bridge == null ? browserPlatform() : desktopPlatform(bridge, life.signal)
const session = new Session(async signal => platform.connect(signal), openClient, life.signal)
const screen = PLACES.find(known => known === sessionStorage.getItem(SCREEN_KEY)) ?? 'home'
const ui = new Ui(session, openModel(session), platform, screen)
ui.screen.subscribe(() => sessionStorage.setItem(SCREEN_KEY, ui.screen.get()))
addEventListener('pagehide', () => void ui.toasts.flush()) // before the connection ends: its listener is added once there is one
if (platform.desktop != null) followDesktop(ui, platform.desktop)

const root = document.getElementById('root')
if (root == null) throw new Error('No place to show anything')
createRoot(root).render(
  <StrictMode>
    <App ui={ui} />
  </StrictMode>
)
