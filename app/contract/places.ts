// The places of the window, in the order in which they are shown and reached by Alt and a digit, and what they are called: in the page, and in the
// menu of the desktop's window. The page imports this as a value (e2e/layers.test.ts).
const NAMES = {
  home: { en: 'Home', de: 'Start' },
  transfers: { en: 'Downloads', de: 'Downloads' },
  library: { en: 'Library', de: 'Bibliothek' },
  peers: { en: 'Peers', de: 'Peers' },
  settings: { en: 'Settings', de: 'Einstellungen' }
} as const
export type Place = keyof typeof NAMES
export const PLACES = Object.keys(NAMES) as Place[] // its own keys

/** For a table of words: `place.home` and so on. */
export function placeNames(language: 'en' | 'de'): Record<`place.${Place}`, string> {
  const words = PLACES.map(place => [`place.${place}`, NAMES[place][language]])
  return Object.fromEntries(words) as Record<`place.${Place}`, string> // one for each place
}
