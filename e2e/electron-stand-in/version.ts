// Which Electron the stand-in says it is: the one of the npm package, whose binary it stands in for.

import { readFileSync } from 'node:fs'

export function electronVersion(): string {
  const text = readFileSync(new URL('../../node_modules/electron/package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
  if (typeof version !== 'string') throw new Error('stand-in: the electron package names no version')
  return version
}
