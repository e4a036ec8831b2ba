// What the window remembers for itself, in the data directory's `window/`: its place, how it looks, whether it stays. Nothing of it is worth an error: a file
// that makes no sense is a first start.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

export const MIN_WIDTH = 380
export const MIN_HEIGHT = 480
const FILE = 'window.json'
const MAX_CHARS = 64 * 1024

const Bounds = z.object({ x: z.int(), y: z.int(), width: z.int().min(MIN_WIDTH), height: z.int().min(MIN_HEIGHT) })
export type Bounds = z.infer<typeof Bounds>

const Memory = z.object({
  bounds: Bounds.nullable().catch(null),
  isMaximized: z.boolean().catch(false),
  staysOpen: z.boolean().nullable().catch(null), // null: nobody has chosen
  theme: z.enum(['system', 'light', 'dark']).catch('system'),
  language: z.string().min(2).max(16).nullable().catch(null) // null: the system's
})
export type Memory = z.infer<typeof Memory>

export interface WindowMemory {
  readonly value: Memory
  /** Best effort: a place that is not remembered stops nothing. */
  change(changed: Partial<Memory>): void
}

/** @param dir absolute; made when missing */
export function openMemory(dir: string): WindowMemory {
  const file = path.join(dir, FILE)
  let value = read(file)
  return {
    get value() {
      return value
    },
    change(changed) {
      value = { ...value, ...changed }
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 })
        writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600 })
        renameSync(`${file}.new`, file)
      } catch {
        // a full disk: next time
      }
    }
  }
}

function read(file: string): Memory {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.length <= MAX_CHARS) return Memory.parse(JSON.parse(text))
  } catch {
    // not there yet, or not ours
  }
  return Memory.parse({})
}

/** The remembered place, made to fit, when enough of it is on a screen that is there now; screens come and go. */
export function placeOn(screens: readonly Bounds[], remembered: Bounds | null): Bounds | null {
  if (remembered == null) return null
  const { x, y, width, height } = remembered
  const screen = screens.find(
    it => x + width > it.x + 80 && x < it.x + it.width - 80 && y >= it.y - 8 && y < it.y + it.height - 40
  )
  if (screen == null) return null
  return { x, y, width: Math.min(width, screen.width), height: Math.min(height, screen.height) }
}

/** Whether it may happen once more: at most `times` within any `ms`. */
export function upTo(times: number, ms: number): (now: number) => boolean {
  let recent: number[] = []
  return now => {
    recent = recent.filter(at => now - at < ms)
    if (recent.length >= times) return false
    recent.push(now)
    return true
  }
}
