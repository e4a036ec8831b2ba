// The faults of one simulated disk, as the steps of a run ask for them.
import type { DiskFaults } from '../../core/simulation/disk.ts'
import type { Dice } from '../../core/simulation/dice.ts'
import type { FaultPlan } from './steps.ts'

/** Calls that leave something on the disk: those a crash is counted by. */
const CHANGING = new Set(['write', 'fsync', 'ftruncate', 'rename', 'link', 'unlink', 'rmdir', 'mkdir', 'symlink'])

export class DiskScript implements DiskFaults {
  readonly #dice: Dice
  readonly #faults = new Set<FaultPlan>()
  readonly #short = new Set<FaultPlan>()
  readonly #slow = new Map<string, number>()
  #callsLeft = Infinity
  #onCrash: () => void = () => {}
  /** Something went wrong here that does not pass by itself, such as a file that is held for a moment: people have to help. */
  needsHelp = false
  /** Told of every call that was made to fail. */
  onFault: (call: string, path: string, code: string) => void = () => {}

  constructor(dice: Dice) {
    this.#dice = dice
  }

  /** @param isShort over before anybody would give up who is patient with what others hold */
  fail(fault: FaultPlan, isShort: boolean): () => void {
    this.#faults.add(fault)
    if (isShort) this.#short.add(fault)
    return () => this.#faults.delete(fault)
  }

  slow(call: string, ms: number): () => void {
    this.#slow.set(call, ms)
    return () => this.#slow.delete(call)
  }

  crashAfter(calls: number, crash: () => void): void {
    this.#callsLeft = calls
    this.#onCrash = crash
  }

  /** Everything works from now on. */
  calm(): void {
    this.#faults.clear()
    this.#slow.clear()
    this.#callsLeft = Infinity
  }

  before(call: string, path: string): string | undefined {
    if (CHANGING.has(call) && --this.#callsLeft <= 0) {
      this.#callsLeft = Infinity
      this.#onCrash()
      return 'EIO' // what goes on of it has no effect any more
    }
    for (const fault of this.#faults) {
      const { calls, code, chance } = fault
      if (!calls.includes(call) || !this.#dice.chance(chance)) continue
      this.needsHelp ||= !this.#short.has(fault)
      this.onFault(call, path, code)
      return code
    }
    return undefined
  }

  delayMs(call: string): number {
    return this.#slow.get(call) ?? this.#dice.scale(0.02, call === 'fsync' ? 20 : 2)
  }

  shortened(bytes: number): number {
    return this.#dice.chance(0.05) ? this.#dice.int(1, bytes) : bytes
  }
}
