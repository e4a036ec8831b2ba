// One name from a stranger: what is refused everywhere, what is renamed everywhere, what only some systems cannot hold
// (DESIGN.md, "Names"). Where a name ends up among its neighbours is decided in safe-path.ts.

import { nameBytes } from '../content/name.ts'

export type Platform = 'linux' | 'macos' | 'windows'

/** What is no name at a place. Kept with a download, as JSON: fields are only added, and what an older one lacks is false. */
export interface NameRules {
  /** Characters that no name holds, of those that Windows refuses: each becomes `_`. */
  readonly refused: string
  /** A dot or space at the end is refused, or falls off. */
  readonly cutsEnds: boolean
  /** Names of devices, such as `aux` and `nul.txt`, are no files'. */
  readonly hasDevices: boolean
  /** Names that differ in case or Unicode form alone are one name. */
  readonly folds: boolean
  /** The system acts upon some names when a folder is only looked at. */
  readonly acts: boolean
}

/** What Windows refuses anywhere in a name. */
export const NOT_ON_WINDOWS = ':*?"<>|'

/** Of the file systems that are usual there; a disk may have others (destination-names.ts). */
export const NAME_RULES: Readonly<Record<Platform, NameRules>> = {
  linux: { refused: '', cutsEnds: false, hasDevices: false, folds: false, acts: false },
  macos: { refused: '', cutsEnds: false, hasDevices: false, folds: true, acts: false },
  windows: { refused: NOT_ON_WINDOWS, cutsEnds: true, hasDevices: true, folds: true, acts: true }
}

/** What the name belongs to: only a file's extension is kept at the end when something must go or be added. */
export type NameKind = 'file' | 'folder'

/** Most file systems take 255 bytes: the rest is room for `.part` and ` (2)`. */
export const MAX_NAME_BYTES = 240

const REFUSABLE = new RegExp(`[${NOT_ON_WINDOWS}]`, 'g')
const CONTROL_AND_BIDI = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
// "Naming Files, Paths, and Namespaces" (Windows): devices keep their meaning with any extension and before spaces
const WINDOWS_DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i
// What Windows acts upon when a folder is only looked at, or shows as something else than it is: shortcuts, searches and libraries that lead elsewhere,
// what decides how a folder looks, and an extension that is a class. The names that Chromium does not give to a download either.
const WINDOWS_ACTS_ON =
  /\.(lnk|url|website|scf|local|library-ms|search-ms|searchconnector-ms)$|^(desktop\.ini|autorun\.inf)$/i
const WINDOWS_CLASS = /\.\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i
const DEFUSED = '.download'
const EXTENSION = /^(.+?)((?:\.tar)?\.[A-Za-z0-9]{1,10})$/s
const NUMBER_BYTES = 10 // ` (1000000)`

/** The rules of a system as `process.platform` names it. */
export function rulesOfSystem(nodePlatform: string): NameRules {
  if (nodePlatform === 'win32') return NAME_RULES.windows
  return nodePlatform === 'darwin' ? NAME_RULES.macos : NAME_RULES.linux
}

/**
 * The name under which an entry is written: the same one when the place can hold it. Idempotent, never empty, at most 240 bytes.
 * Throws `unsafe-name` for what is refused everywhere: empty, `.`, `..`, `/`, `\`, NUL, not valid Unicode.
 */
export function placeName(name: string, kind: NameKind, rules: NameRules): string {
  nameBytes(name)
  return writable(name, kind, rules)
}

/**
 * The name for what a link or a peer calls its root: the last part of it, cleaned; `fallback` when nothing is left.
 * Total: a hint is never a reason to refuse. `fallback` must be clean already. A leading dot is covered: in a home folder a stranger's
 * `.profile` would be run at the next login.
 */
export function cleanName(hint: string, fallback: string, rules: NameRules): string {
  const last = hint
    .toWellFormed()
    .split(/[/\\]/)
    .map(part => part.trim())
    .findLast(part => part !== '')
  if (last == null || last === '.' || last === '..') return fallback
  const shown = last.startsWith('.') ? `_${last}` : last
  return writable(shown, 'file', rules).trimEnd() // what was cut may end in a space
}

/** The first of `NAME`, `NAME (2)`, `NAME (3)`... that `isTaken` does not claim. The number goes before a file's extension. */
export function nextFreeName(name: string, kind: NameKind, isTaken: (name: string) => boolean): string {
  let free = name
  for (let n = 2; isTaken(free); n++) free = numberedName(name, kind, n)
  return free
}

/** `NAME (n)` for n up to 1,000,000, at most 240 bytes. */
export function numberedName(name: string, kind: NameKind, n: number): string {
  const [stem, extension] = numberedParts(name, kind)
  return `${stem} (${n})${extension}`
}

/** What stands before and after the number in `numberedName`: names that differ in it never share a numbered name. */
export function numberedParts(name: string, kind: NameKind): [stem: string, extension: string] {
  const [stem, extension] = splitExtension(name, kind)
  return [cutToBytes(stem, MAX_NAME_BYTES - NUMBER_BYTES - extension.length), extension]
}

/** Two names with one key are one name at the place. May claim more twins than there are, never fewer. */
export function twinKey(name: string, { folds }: NameRules): string {
  if (!folds) return name
  if (/^[ -~]*$/.test(name)) return name.toUpperCase()
  const visible = name.replace(/[\u200b-\u200d\u2060-\u206f\ufeff]/g, '') // ignored in comparisons by HFS Plus (TN1150)
  return visible.normalize('NFD').toLowerCase().toUpperCase().normalize('NFD')
}

function writable(name: string, kind: NameKind, { refused, cutsEnds, hasDevices, acts }: NameRules): string {
  let safe = shortened(name.replace(CONTROL_AND_BIDI, '_'), kind)
  if (refused !== '') safe = safe.replace(REFUSABLE, it => (refused.includes(it) ? '_' : it))
  if (hasDevices && WINDOWS_DEVICE.test(safe)) safe = shortened(`_${safe}`, kind)
  if (acts && (WINDOWS_CLASS.test(safe) || (kind === 'file' && WINDOWS_ACTS_ON.test(safe)))) safe = defused(safe)
  return cutsEnds ? safe.replace(/[. ]$/, '_') : safe
}

/** With an extension that means nothing. */
const defused = (name: string): string => cutToBytes(name, MAX_NAME_BYTES - DEFUSED.length) + DEFUSED

function shortened(name: string, kind: NameKind): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  const [stem, extension] = splitExtension(name, kind)
  return cutToBytes(stem, MAX_NAME_BYTES - extension.length) + extension
}

function splitExtension(name: string, kind: NameKind): [stem: string, extension: string] {
  const parts = kind === 'file' ? EXTENSION.exec(name) : null
  return [parts?.[1] ?? name, parts?.[2] ?? '']
}

/** The longest beginning of whole code points within `maxBytes` of UTF-8. */
function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end-- // RFC 3629: 10xxxxxx goes on with a code point
  return bytes.toString('utf8', 0, end)
}
