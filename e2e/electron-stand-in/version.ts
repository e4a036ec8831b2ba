// Which Electron the stand-in says it is: the one of the npm package, whose binary it stands in for.

import { readFileSync } from 'node:fs'

export function electronVersion(): string {
  const text = readFileSync(new URL('../../node_modules/electron/package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const version = typeof parsed === 'object' && parsed != null && 'version' in parsed ? parsed.version : undefined
  if (typeof version !== 'string') throw new Error('stand-in: the electron package names no version')
  return version
}

/** The V8 of that Electron: Chromium's, whose number is ten times V8's and goes up by two with each Electron (22: 108, 40: 144). */
export function v8Version(): string {
  const chromium = 2 * Number(electronVersion().split('.')[0]) + 64
  return `${Math.floor(chromium / 10)}.${chromium % 10}.0.0-electron.0`
}
