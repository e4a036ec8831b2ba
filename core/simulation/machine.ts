// A simulated computer as a program sees it from within: its clock, dice, disk and databases. Whose code runs is known from the asynchronous context:
// timers, promises and callbacks that something on a machine began stay that machine's.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Databases } from './databases.ts'
import type { Dice } from './dice.ts'
import type { Disk } from './disk.ts'
import type { Owner, Timeline } from './timeline.ts'

/** One run of the program on a computer, from its start until it ends or is cut off. A new run is a new one, with the disk and databases that are left. */
export interface MachineParts {
  readonly name: string
  readonly timeline: Timeline
  readonly dice: Dice
  readonly disk: Disk
  readonly databases: Databases
  readonly platform: NodeJS.Platform
  /** Its place in the network. */
  readonly peer: unknown
  /** What the program says in its log. */
  readonly onLog: (level: 'info' | 'error', event: string, thrown: unknown) => void
}

/** What is thrown into code that goes on although its machine is off. It had no effect. */
export class MachineIsOff extends Error {
  override readonly name = 'MachineIsOff'
  readonly code = 'EIO'
}

const running = new AsyncLocalStorage<Machine>()

export class Machine implements Owner {
  readonly name: string
  readonly timeline: Timeline
  readonly dice: Dice
  readonly disk: Disk
  readonly databases: Databases
  readonly platform: NodeJS.Platform
  readonly peer: unknown
  readonly onLog: MachineParts['onLog']
  isOn = true
  readonly #gone = Promise.withResolvers<never>()

  constructor(parts: MachineParts) {
    this.name = parts.name
    this.timeline = parts.timeline
    this.dice = parts.dice
    this.disk = parts.disk
    this.databases = parts.databases
    this.platform = parts.platform
    this.peer = parts.peer
    this.onLog = parts.onLog
    this.#gone.promise.catch(() => {})
  }

  run<T>(act: () => T): T {
    return running.run(this, act)
  }

  /** An event of this machine. */
  after(ms: number, what: string, act: () => void): () => void {
    return this.timeline.after(ms, this, what, act)
  }

  /** What it does for somebody outside, who hears when it is off before it is done. */
  async ask<T>(act: () => T | Promise<T>): Promise<T> {
    return Promise.race([this.run(async () => act()), this.#gone.promise])
  }

  /** Nothing of it happens any more. */
  off(): void {
    this.isOn = false
    this.#gone.reject(new MachineIsOff('The machine is off'))
  }
}

/** Whose code this is; undefined: the simulator's, or a test's. */
export function findMachine(): Machine | undefined {
  return running.getStore()
}

/** The same of code that must be some machine's. Throws when it is not, and `MachineIsOff`. */
export function thisMachine(): Machine {
  const machine = findMachine()
  if (machine == null) throw new Error('Simulated code ran outside of a machine')
  if (!machine.isOn) throw new MachineIsOff('The machine is off')
  return machine
}
