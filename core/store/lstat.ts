// What stands at a path. A symlink is a symlink, wherever it leads.
import { lstatSync } from 'node:fs'

export function isTaken(at: string): boolean {
  return lstatSync(at, { throwIfNoEntry: false }) != null
}

export const isFolder = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true
