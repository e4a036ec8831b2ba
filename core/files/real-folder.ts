// A folder that stands where its path says: what is reached through it is in it, whatever is put in its place meanwhile. Node has no `openat`. On Linux a
// descriptor is one by way of /proc, and there is no moment in which a symlink could lead elsewhere; on other systems the folder is compared, by
// device and inode, before and after, which leaves a folder that is swapped and swapped back in between.
import { closeSync, constants, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { systemCode } from './write-error.ts'

const O_PATH = 0o10000000 // Linux, open(2): to reach what is inside, without a right to list it; Node has no name for it
const HOLD = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
const canHold = process.platform === 'linux'

export class RealFolder implements Disposable {
  readonly path: string
  readonly #fd: number | undefined
  readonly #seen: string | undefined // device and inode, where no descriptor holds it

  /**
   * @param folder absolute, with no symlink in it
   * Throws the system's errors; with code ELOOP when it, or one above it, is a symlink or anything but a folder.
   */
  constructor(folder: string) {
    this.path = folder
    this.#fd = canHold ? hold(folder) : undefined
    this.#seen = this.#fd == null ? placeOf(folder) : undefined
  }

  /** What opens or lists the folder itself. */
  get own(): string {
    return this.#fd == null ? this.path : `/proc/self/fd/${this.#fd}`
  }

  /** What a system call takes for this name in the folder; good until it is disposed. It follows a symlink of that name, unless told not to. */
  at(name: string): string {
    return this.#fd == null ? path.join(this.path, name) : `/proc/self/fd/${this.#fd}/${name}`
  }

  /** Call it after what was done by `at`: throws ELOOP when another folder stands there now. Costs nothing where a descriptor holds it. */
  check(): void {
    if (this.#seen != null && placeOf(this.path) !== this.#seen) throw leadsElsewhere()
  }

  [Symbol.dispose](): void {
    if (this.#fd != null) closeSync(this.#fd)
  }
}

/** Undefined where the system does not tell what a descriptor is. */
function hold(folder: string): number | undefined {
  let fd: number
  try {
    fd = openSync(folder, HOLD)
  } catch (error) {
    throw systemCode(error) === 'ENOTDIR' ? leadsElsewhere(error) : error // a symlink, with O_DIRECTORY
  }
  try {
    if (readlinkSync(`/proc/self/fd/${fd}`) === folder) return fd
    closeSync(fd)
  } catch {
    closeSync(fd) // no /proc
    return undefined
  }
  throw leadsElsewhere()
}

/** Device and inode of a folder; throws ELOOP when its path leads through a symlink. */
function placeOf(folder: string): string {
  const stats = lstatSync(folder, { bigint: true })
  if (!stats.isDirectory() || !isReal(folder)) throw leadsElsewhere()
  return `${stats.dev}/${stats.ino}`
}

/** True when the path leads through no symlink, as far as the system can tell (disks in memory on Windows have no real path). */
export function isReal(file: string): boolean {
  try {
    return realpathSync.native(file) === file
  } catch (error) {
    return process.platform === 'win32' && systemCode(error) !== 'ENOENT'
  }
}

/** The real path of what is there, and below it what is not. @param file absolute */
export function realPathOf(file: string): string {
  try {
    return realpathSync.native(file)
  } catch {
    const above = path.dirname(file)
    return above === file ? file : path.join(realPathOf(above), path.basename(file))
  }
}

const leadsElsewhere = (cause?: unknown): Error =>
  Object.assign(new Error('A folder is not where it was', { cause }), { code: 'ELOOP', syscall: 'open' })
