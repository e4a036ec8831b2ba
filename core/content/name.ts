// Names of entries, as strangers and file systems give them: what no system may be asked to write.

import { CodedError } from '../errors.ts'

/** The bytes of the name. Throws `unsafe-name` for what is refused everywhere: empty, `.`, `..`, `/`, `\`, NUL, no valid Unicode. */
export function nameBytes(name: string): Buffer {
  if (!name.isWellFormed()) throw unsafe(name, 'is not valid Unicode')
  assertSafeName(name)
  return Buffer.from(name)
}

/** Throws `unsafe-name`, as `nameBytes` does. */
export function assertSafeName(name: string): void {
  if (name === '') throw unsafe(name, 'is empty')
  if (name === '.' || name === '..') throw unsafe(name, 'means a folder')
  if (/[/\\\0]/.test(name)) throw unsafe(name, 'holds a character that separates or ends paths')
}

export function unsafe(name: string, why: string): CodedError {
  const shown = JSON.stringify(name.slice(0, 80))
  return new CodedError('unsafe-name', `The name ${shown} ${why}; it is refused everywhere. Rename it and share again`)
}
