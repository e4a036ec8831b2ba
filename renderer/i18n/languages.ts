// Words on the screen, in every language there is. Keys are flat; `_one` and `_other` are the forms of a count.
import { de } from './de.ts'
import { en } from './en.ts'

type Forms = keyof typeof en
type Whole<K> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K
/** What a component asks for. */
export type Key = Whole<Forms>
export type Translate = (key: Key, values?: Record<string, string | number>) => string

export const LANGUAGES = { en: { name: 'English', words: en }, de: { name: 'Deutsch', words: de } } as const
export type Language = keyof typeof LANGUAGES

export const isLanguage = (text: unknown): text is Language =>
  typeof text === 'string' && Object.hasOwn(LANGUAGES, text)
