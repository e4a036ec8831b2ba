// Data directories of Shoal, whoever's they are: a private key is in there, and the shares of a whole life. What stands in one is never shared and
// nothing that is received goes there. One is known by what it holds, the running one also by device and inode of everything in it, so that a
// bind mount or a hard link is no other way to it.
import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../errors.ts'
import { realPathOf } from './real-folder.ts'

export const DATA_MARKER = 'shoal.json'
export const IDENTITY_FILE = 'identity.key'

/** Why something is not in a share. */
export const IS_OWN = 'it belongs to Shoal itself: its key and its index stay here'

/** What makes a file or folder itself, whatever its path. */
export interface Inode {
  readonly dev: bigint
  readonly ino: bigint
}

/** @param at the path of a name in the folder */
export function isDataDir(at: (name: string) => string): boolean {
  return isThere(at(DATA_MARKER)) && isThere(at(IDENTITY_FILE))
}

export class DataDirs {
  readonly #running: string | undefined
  readonly #open: string | undefined

  /**
   * Absolute paths. `running`: the data directory of this process. `open`: a folder of Shoal's own that may be shared, though it stands in a data
   * directory: the welcome files.
   */
  constructor({ running, open }: { running?: string; open?: string | undefined } = {}) {
    this.#running = running
    this.#open = open == null ? undefined : realPathOf(open)
  }

  /** Throws `forbidden` when this path, which need not exist, is a data directory or would be in one. @param at absolute */
  refuse(at: string): void {
    if (this.hold(at))
      throw new CodedError(
        'forbidden',
        'That is Shoal’s own data, with its private key: it is not shared, and nothing is saved there. Choose another place.'
      )
  }

  /** True of a data directory and of everything in one. @param at absolute; it need not exist */
  hold(at: string, isOwn: (it: Inode) => boolean = this.ownInodes()): boolean {
    for (let it = realPathOf(at); it !== this.#open; it = path.dirname(it)) {
      if (isDataDir(name => path.join(it, name))) return true
      const inode = inodeOf(it)
      if (inode != null && isOwn(inode)) return true
      if (it === path.dirname(it)) break
    }
    return false
  }

  /** Tells what is, just now, the running data directory or something in it. */
  ownInodes(): (it: Inode) => boolean {
    if (this.#running == null) return () => false
    const devs = new Map<bigint, bigint>() // by inode
    for (const name of ['', ...namesBelow(this.#running)]) {
      const it = inodeOf(path.join(this.#running, name))
      if (it != null) devs.set(it.ino, it.dev)
    }
    return ({ dev, ino }) => devs.get(ino) === dev
  }
}

function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    return [] // just being cleared up: it is still known by what it holds
  }
}

function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) != null
  } catch {
    return false // no folder, or one that may not be entered
  }
}

function inodeOf(file: string): Inode | undefined {
  try {
    return lstatSync(file, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
