// Which names the disk of a destination holds: found out with files of our own, for no system tells. A stick, a share of a server or a folder that compares
// regardless of case has other rules than the system it is attached to.
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { NAME_RULES, NOT_ON_WINDOWS, type NameRules, rulesOfSystem } from './safe-name.ts'
import { systemCode } from './write-error.ts'

/** Made in the destination and gone a moment later. */
export const PROBE_FOLDER = '.shoal-names.part'
const STALE_MS = 24 * 60 * 60 * 1000 // one that a killed process left

/** The system's calls on absolute paths: they throw its errors. */
export interface ProbeCalls {
  mkdir(at: string): void
  /** An empty file that was not there. */
  create(at: string): void
  isThere(at: string): boolean
  list(at: string): readonly string[]
  unlink(at: string): void
  rmdir(at: string): void
  /** Which folder this is, whatever stands at its path at other times, and when something was last made in it (ms since 1970). Undefined when there is none. */
  look(at: string): { readonly id: string; readonly changedMs: number } | undefined
}

const SYSTEM: ProbeCalls = {
  mkdir: at => mkdirSync(at),
  create: at => closeSync(openSync(at, 'wx')),
  isThere: at => lstatSync(at, { throwIfNoEntry: false }) != null,
  list: at => readdirSync(at),
  unlink: unlinkSync,
  rmdir: rmdirSync,
  look(at) {
    const stats = statSync(at, { bigint: true, throwIfNoEntry: false })
    return stats?.isDirectory() ? { id: `${stats.dev}/${stats.ino}`, changedMs: Number(stats.mtimeMs) } : undefined
  }
}

const CHARACTERS = NOT_ON_WINDOWS.split('')
const PLAIN = 'a'
const PLAIN_TWIN = 'A'
const COMPOSED = 'n\u00e9'
const DECOMPOSED = 'ne\u0301'
const ALL_CHARACTERS = `c${NOT_ON_WINDOWS}c`
const ENDS = ['dot.', 'space ']
const DEVICES = ['aux', 'nul.txt']
const characterName = (character: string): string => `c${character}c`
const ALL_NAMES: readonly string[] = [
  PLAIN,
  COMPOSED,
  ALL_CHARACTERS,
  ...CHARACTERS.map(characterName),
  ...ENDS,
  ...ENDS.map(it => it.slice(0, -1)),
  ...DEVICES
]
/** They speak of the disk, not of the name. */
const NOT_OF_NAMES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOTCONN', 'ETIMEDOUT'])

export interface DestinationNamesOptions {
  readonly calls?: ProbeCalls
  readonly platform?: NodeJS.Platform
  readonly now?: () => number
}

/** The rules of each folder that was asked for, for as long as this lives. `options` are for tests. */
export class DestinationNames {
  readonly #calls: ProbeCalls
  readonly #platform: NodeJS.Platform | undefined
  readonly #now: () => number
  readonly #known = new Map<string, Promise<NameRules | undefined>>()

  constructor({ calls = SYSTEM, platform, now = Date.now }: DestinationNamesOptions = {}) {
    this.#calls = calls
    this.#platform = platform
    this.#now = now
  }

  /** Those of the system. */
  get ofSystem(): NameRules {
    return rulesOfSystem(this.#platform ?? process.platform)
  }

  /**
   * What this folder can hold, beside what the system refuses anyway: the same object while it is the same folder. Those of the system alone when it is not there, or when nothing can be written in it:
   * then it is looked at again the next time. Never rejects.
   * @param directory absolute
   */
  async of(directory: string): Promise<NameRules> {
    const system = this.ofSystem
    if (system === NAME_RULES.windows) return system // no disk there has stricter ones
    const key = this.#keyOf(directory)
    if (key == null) return system
    let rules = this.#known.get(key)
    if (rules == null) {
      rules = this.#probe(directory, system).catch(() => undefined)
      this.#known.set(key, rules)
    }
    const found = await rules
    if (found == null && this.#known.get(key) === rules) this.#known.delete(key)
    return found ?? system
  }

  #keyOf(directory: string): string | undefined {
    try {
      const found = this.#calls.look(directory)
      return found == null ? undefined : `${found.id} ${directory}`
    } catch {
      return undefined
    }
  }

  async #probe(directory: string, system: NameRules): Promise<NameRules> {
    const folder = this.#makeFolder(directory)
    try {
      return await this.#lookAt(folder, system)
    } finally {
      this.#remove(folder)
    }
  }

  async #lookAt(folder: string, system: NameRules): Promise<NameRules> {
    const calls = this.#calls
    calls.create(path.join(folder, PLAIN)) // throws: then nothing can be found out
    const names = [COMPOSED, ALL_CHARACTERS, ...ENDS, ...DEVICES]
    const refused = await this.#refused(folder, names)
    const characters = refused.has(ALL_CHARACTERS)
      ? await this.#refused(folder, CHARACTERS.map(characterName))
      : new Set<string>()
    const isTwin = (name: string): boolean => calls.isThere(path.join(folder, name))
    const found = {
      refused: CHARACTERS.filter(it => characters.has(characterName(it))).join(''),
      cutsEnds: ENDS.some(it => refused.has(it)),
      hasDevices: DEVICES.some(it => refused.has(it)),
      folds: system.folds || isTwin(PLAIN_TWIN) || isTwin(DECOMPOSED)
    }
    const isUsual = found.refused === '' && !found.cutsEnds && !found.hasDevices && found.folds === system.folds
    return isUsual ? system : { ...system, ...found }
  }

  /** Those of the names under which nothing stands afterwards. Throws when the disk fails for other reasons. */
  async #refused(folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
    for (const name of names) {
      await breathe() // a disk at the other end of a network takes its time
      try {
        this.#calls.create(path.join(folder, name))
      } catch (error) {
        if (NOT_OF_NAMES.has(systemCode(error) ?? '')) throw error
      }
    }
    const there = new Set(this.#calls.list(folder))
    return new Set(names.filter(name => !there.has(name)))
  }

  /** The first name that is free; what a killed process left under one of them a day ago is taken away first. */
  #makeFolder(directory: string): string {
    for (let n = 1; ; n++) {
      const folder = path.join(directory, n === 1 ? PROBE_FOLDER : `.shoal-names-${n}.part`)
      const found = this.#calls.look(folder)
      if (found != null && this.#now() - found.changedMs > STALE_MS) this.#remove(folder)
      try {
        this.#calls.mkdir(folder)
        return folder
      } catch (error) {
        if (systemCode(error) !== 'EEXIST' || n === 9) throw error
      }
    }
  }

  /** Our own files, under whatever name the disk gave them, and the folder when nothing else is in it. Never throws. */
  #remove(folder: string): void {
    for (const name of ALL_NAMES) this.#tryTo(() => this.#calls.unlink(path.join(folder, name)))
    this.#tryTo(() => this.#calls.rmdir(folder))
  }

  #tryTo(act: () => void): void {
    try {
      act()
    } catch {} // a name that the disk does not hold; a folder that cannot be removed now is the next one's to remove
  }
}
