// settings.json: what the user chose, and the little that is chosen once for them. Validated when read, replaced as a whole when written, and keys that
// this version does not know stay as they are, so that going back and forth between versions loses nothing.
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { replaceFile } from '../../core/files/replace-file.ts'
import { isNoRoom, ownDiskFull, systemCode } from '../../core/files/write-error.ts'
import { DEFAULT_SETTINGS, Settings } from '../contract/shapes.ts'
import { randomDeviceName } from './device-name.ts'

const FILE = 'settings.json'
const MAX_FILE_CHARS = 1_000_000
/** The page's port, else a free one (PRODUCT.md, "The command line"). */
export const DEFAULT_UI_PORT = 4801
const port = z.int().min(0).max(65_535)

/** Everything kept; the contract's Settings are the part that a UI sees. */
const Saved = z.looseObject({
  ...Settings.shape,
  /** Chosen at the first start and kept, so that addresses in links stay true. Loopback mode uses 0 when it is taken. */
  listenPort: port,
  uiPort: port,
  /** Absolute; null: the system's Downloads folder. */
  downloads: z.string().max(4096).nullable()
})
export type SavedSettings = z.infer<typeof Saved>

export interface SettingsFile {
  readonly value: SavedSettings
  /** Replaces the named ones and is on the disk when it returns. Throws usage, not-writable, disk-full. */
  change(changed: Partial<SavedSettings>): SavedSettings
  /** Called after each change, with all of them. */
  onChange(listener: (now: SavedSettings) => void): void
}

const defaults = (): SavedSettings => ({
  ...DEFAULT_SETTINGS,
  name: randomDeviceName(randomInt),
  listenPort: randomInt(20_000, 32_000), // below the ranges that systems hand out by themselves
  uiPort: DEFAULT_UI_PORT,
  downloads: null
})

/**
 * Reads `settings.json` in `dir`, or makes it with defaults. Keys that are missing get their default. Throws data-damaged when it cannot be
 * understood: what the user chose is not silently thrown away.
 */
export function openSettings(dir: string): SettingsFile {
  const file = path.join(dir, FILE)
  const found = readIfThere(file)
  let value = found === undefined ? defaults() : parse(found)
  const listeners = new Set<(now: SavedSettings) => void>()
  if (found === undefined || !hasAll(found)) write(file, value) // the name and the port are chosen once
  return {
    get value() {
      return value
    },
    change(changed) {
      const named = Object.fromEntries(Object.entries(changed).filter(([, to]) => to !== undefined))
      const next = Saved.safeParse({ ...value, ...named })
      if (!next.success) throw new CodedError('usage', `This cannot be a setting: ${fields(next.error)}`)
      write(file, next.data)
      value = next.data
      for (const listener of listeners) listener(value)
      return value
    },
    onChange: listener => void listeners.add(listener)
  }
}

/** What a UI may see. */
export function shownSettings(saved: SavedSettings): Settings {
  return Settings.strip().parse(saved)
}

function readIfThere(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new CodedError('data-damaged', 'settings.json cannot be read. Check its permissions.', { cause: error })
  }
  try {
    if (text.length > MAX_FILE_CHARS) throw new Error('Too long')
    return JSON.parse(text) as unknown
  } catch (error) {
    throw damaged('it is not JSON', error)
  }
}

function parse(found: unknown): SavedSettings {
  if (found == null || typeof found !== 'object' || Array.isArray(found)) throw damaged('it is not an object')
  const parsed = Saved.safeParse({ ...defaults(), ...found })
  if (!parsed.success) throw damaged(`wrong: ${fields(parsed.error)}`)
  return parsed.data
}

const hasAll = (found: unknown): boolean =>
  found != null && typeof found === 'object' && Object.keys(Saved.shape).every(key => key in found)

/** Names of the fields that do not fit; never their values. */
const fields = (error: z.ZodError): string =>
  [...new Set(error.issues.map(issue => String(issue.path[0] ?? 'all of it').slice(0, 64)))].join(', ')

const damaged = (how: string, cause?: unknown): CodedError =>
  new CodedError(
    'data-damaged',
    `settings.json in the data directory is damaged (${how}). Correct it, or move it away to start with defaults; shares and transfers are not touched.`,
    { cause }
  )

function write(file: string, value: SavedSettings): void {
  try {
    replaceFile(file, `${JSON.stringify(value, null, 2)}\n`)
  } catch (error) {
    if (isNoRoom(error)) throw ownDiskFull(error)
    throw new CodedError('not-writable', 'The settings cannot be saved; they stay as they were.', { cause: error })
  }
}
