// The folders of one download, held while files are made in them: a symlink that is put in the place of one, or of one above it, is not followed.
import { mkdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { RealFolder } from '../files/real-folder.ts'
import { symlinkInTheWay, systemCode } from '../files/write-error.ts'

const MAX_HELD = 32

export class HeldFolders {
  readonly #top: string
  #realTop: string | undefined
  #last: readonly [string, RealFolder] | undefined // of those held
  readonly #held = new Map<string, RealFolder>() // least recently used first

  /** @param top absolute: the destination. What the user named may lead through symlinks; where it leads is found out once, when it is first used. */
  constructor(top: string) {
    this.#top = top
  }

  /**
   * What a system call takes for `file`, to be used at once: nothing is awaited before. Throws `unsafe-name` when one of the folders between the
   * destination and the file is a symlink, and the system's error when there is none.
   */
  at(file: string): string {
    return this.#hold(path.dirname(file)).at(path.basename(file))
  }

  /** Runs a system call on `file`, and throws `unsafe-name` as well when its folder was swapped meanwhile. */
  in<T>(file: string, run: (at: string) => T): T {
    const folder = this.#hold(path.dirname(file))
    const result = run(folder.at(path.basename(file)))
    folder.check()
    return result
  }

  /** Makes a folder below the destination, and those above it. Returns those that were new. Throws as `at`. */
  make(folder: string): string[] {
    if (this.#held.has(folder)) return []
    try {
      this.#hold(folder)
      return []
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || folder === this.#top) throw error
    }
    const above = this.make(path.dirname(folder))
    try {
      mkdirSync(this.at(folder))
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    this.#hold(folder)
    return [...above, folder]
  }

  close(): void {
    for (const folder of this.#held.values()) folder[Symbol.dispose]()
    this.#held.clear()
    this.#last = undefined
  }

  #hold(folder: string): RealFolder {
    if (this.#last?.[0] === folder) return this.#last[1] // files come folder by folder
    const known = this.#held.get(folder)
    const held = known ?? this.#open(folder)
    this.#held.delete(folder)
    this.#held.set(folder, held)
    const [oldest] = this.#held
    if (this.#held.size > MAX_HELD && oldest != null) {
      oldest[1][Symbol.dispose]()
      this.#held.delete(oldest[0])
    }
    this.#last = [folder, held]
    return held
  }

  #open(folder: string): RealFolder {
    this.#realTop ??= realpathSync.native(this.#top)
    try {
      return new RealFolder(path.join(this.#realTop, path.relative(this.#top, folder)))
    } catch (error) {
      if (systemCode(error) === 'ELOOP') throw symlinkInTheWay(error)
      throw error
    }
  }
}
