// One account of what open downloads still need of each disk: two that fit alone must not overfill it together. And a look, now and then while they write, at
// whether the space to leave free is still free. Decides who fits; who waits, and for how long, is decided by those who ask.
import { statfsSync, statSync } from 'node:fs'
import path from 'node:path'

const LOOK_MS = 1_000
const LOOK_BYTES = 64 * 1024 * 1024 // written by all on one disk
/** More than just enough before one that had to wait goes on, so that it does not wait again at once; at most an eighth of the reserve. */
const MARGIN_BYTES = 64 * 1024 * 1024

export interface Disk {
  /** Tells disks apart. */
  readonly dev: bigint
  /** For those without special rights. */
  readonly freeBytes: number
}

export interface RoomPorts {
  /** The disk that a folder is on, or will be; undefined: nobody can tell. */
  look(directory: string): Disk | undefined
  /** Milliseconds of a clock that never goes back. */
  now(): number
}

/** What was seen of a disk last, and written to it since. */
interface Seen {
  freeBytes: number
  at: number
  writtenBytes: number
}

const SYSTEM: RoomPorts = { look: diskOf, now: () => performance.now() }

export class DiskRoom {
  readonly #ports: RoomPorts
  readonly #claims = new Set<Claim>() // that count
  readonly #seen = new Map<bigint, Seen>()

  constructor(ports: RoomPorts = SYSTEM) {
    this.#ports = ports
  }

  /** Nothing is claimed before `take`. `missingBytes` is asked often. */
  claim(directory: string, missingBytes: () => number): Claim {
    return new Claim(directory, missingBytes, {
      take: (claim, reserveBytes) => this.#take(claim, reserveBytes),
      give: claim => this.#give(claim),
      mayWrite: (claim, bytes) => this.#mayWrite(claim, bytes)
    })
  }

  /** Whether so much more fits into this folder beside what the others still need and what is to stay free. */
  fits(directory: string, needBytes: number, reserveBytes: number): boolean {
    return needBytes <= 0 || this.#fitsOn(this.#look(directory), needBytes, reserveBytes)
  }

  #take(claim: Claim, reserveBytes: number): boolean {
    this.#claims.delete(claim)
    const disk = this.#look(claim.directory)
    const missing = claim.missingBytes()
    const margin = claim.hasWaited ? Math.max(0, Math.min(MARGIN_BYTES, reserveBytes / 8)) : 0
    if (missing > 0 && !this.#fitsOn(disk, missing + margin, reserveBytes)) return false
    claim.dev = disk?.dev
    this.#claims.add(claim)
    return true
  }

  #give(claim: Claim): void {
    this.#claims.delete(claim)
    const { dev } = claim
    if (dev != null && ![...this.#claims].some(it => it.dev === dev)) this.#seen.delete(dev)
  }

  #mayWrite({ directory, dev, reserveBytes }: Claim, bytes: number): boolean {
    if (dev == null) return true
    const seen = this.#seen.get(dev)
    const isOld = seen == null || seen.writtenBytes >= LOOK_BYTES || this.#ports.now() - seen.at >= LOOK_MS
    const left = isOld ? Number.NEGATIVE_INFINITY : seen.freeBytes - seen.writtenBytes - bytes
    if (left >= reserveBytes || this.#look(directory) == null) {
      if (seen != null) seen.writtenBytes += bytes
      return true // the write itself will tell
    }
    const now = this.#seen.get(dev)
    if (now == null) return true // another disk stands there now
    now.writtenBytes += bytes
    return now.freeBytes - bytes >= reserveBytes
  }

  #fitsOn(disk: Disk | undefined, needBytes: number, reserveBytes: number): boolean {
    if (disk == null) return false
    let promised = 0
    for (const claim of this.#claims) if (claim.dev === disk.dev) promised += Math.max(0, claim.missingBytes())
    return needBytes + promised + reserveBytes <= disk.freeBytes
  }

  #look(directory: string): Disk | undefined {
    const disk = this.#ports.look(directory)
    if (disk != null) {
      this.#seen.set(disk.dev, { freeBytes: disk.freeBytes, at: this.#ports.now(), writtenBytes: 0 })
    }
    return disk
  }
}

interface Account {
  take(claim: Claim, reserveBytes: number): boolean
  give(claim: Claim): void
  mayWrite(claim: Claim, bytes: number): boolean
}

/** What one download still needs. Owned by it: it gives it back when it waits and when it is over. */
export class Claim {
  readonly directory: string
  readonly missingBytes: () => number
  /** Set by the account. */
  dev: bigint | undefined
  reserveBytes = 0
  hasWaited = false
  readonly #account: Account

  constructor(directory: string, missingBytes: () => number, account: Account) {
    this.directory = directory
    this.missingBytes = missingBytes
    this.#account = account
  }

  /** From now on what is missing counts for the others. False, and nothing claimed, when it does not fit beside what they need. */
  take(reserveBytes: number): boolean {
    this.reserveBytes = reserveBytes
    return this.#account.take(this, reserveBytes)
  }

  give(): void {
    this.hasWaited = true
    this.#account.give(this)
  }

  /** Call before a write of so many bytes. False when the space to leave free would not be free any more. */
  mayWrite(bytes: number): boolean {
    return this.#account.mayWrite(this, bytes)
  }
}

function diskOf(directory: string): Disk | undefined {
  const free = freeBytes(directory)
  const stats = free == null ? undefined : statSync(directory, { bigint: true, throwIfNoEntry: false })
  if (free != null && stats != null) return { dev: stats.dev, freeBytes: free }
  const above = path.dirname(directory)
  return above === directory ? undefined : diskOf(above)
}

/** Of the disk of a folder; undefined when it is gone. */
export function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return undefined
  }
}
