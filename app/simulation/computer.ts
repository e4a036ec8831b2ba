// One computer of a simulated world and the Shoal on it, which people and the world start, stop, kill and cut off.
import { constants } from 'node:fs'
import { Databases } from '../../core/simulation/databases.ts'
import { DiskCalls } from '../../core/simulation/disk-calls.ts'
import { Disk, type Inode, type NameRules, NO_FAULTS } from '../../core/simulation/disk.ts'
import type { Dice } from '../../core/simulation/dice.ts'
import type { Internet, Peer } from '../../core/simulation/internet.ts'
import type { Timeline } from '../../core/simulation/timeline.ts'
import { Machine, MachineIsOff } from '../../core/simulation/machine.ts'
import { EPOCH_MS } from '../../core/simulation/runtime.ts'
import type { Application } from '../engine/options.ts'
import { openApplication } from '../service/application.ts'
import type { Transfer } from '../contract/shapes.ts'
import type { Caller } from '../contract/service.ts'
import { isOff } from './off.ts'

export const DATA = '/data'
export const SHARED = '/shared'
export const DOWNLOADS = '/downloads'

const RESERVE_BYTES = 1_048_576

/** What a computer needs of its world. */
export interface Surroundings {
  readonly timeline: Timeline
  readonly dice: Dice
  readonly internet: Internet
  note(what: string, by?: Machine): void
  onLog(computer: Computer, level: 'info' | 'error', event: string, thrown: unknown): void
}

export class Computer {
  readonly name: string
  readonly peer: Peer
  readonly disk: Disk
  readonly databases = new Databases()
  platform: NodeJS.Platform = 'linux'
  /** Somebody else than Shoal writes. */
  isPutting = false
  /** Files below the downloads that are the user's own, and what is in them. */
  readonly own = new Map<Inode, Uint8Array>()
  /** Contents, by root, whose download was cancelled here and not begun again: what is there of them is being removed, and its bits with it. */
  readonly cancelled = new Set<string>()
  readonly caller: Caller = { door: 'cli', signal: new AbortController().signal }
  machine: Machine | undefined
  app: Application | undefined
  readonly #world: Surroundings
  #runs = 0

  constructor(name: string, peer: Peer, world: Surroundings, capacityBytes: number, rules?: NameRules) {
    this.name = name
    this.peer = peer
    this.#world = world
    const clockNs = (): bigint => BigInt(Math.floor((EPOCH_MS + world.timeline.now) * 1_000_000))
    this.disk = new Disk({ capacityBytes, clockNs, ...(rules != null && { rules }) })
    for (const folder of [DATA, SHARED, DOWNLOADS]) new DiskCalls(this.disk).mkdir(folder, false)
    this.put(`${DATA}/shoal.json`, Buffer.from('{}'))
    this.put(`${DATA}/identity.key`, Buffer.from('key'))
    this.disk.syncAll()
  }

  /** Puts a file there, as its user or another program does. */
  put(at: string, bytes: Uint8Array): void {
    this.#asOther(calls => {
      calls.mkdir(at.slice(0, at.lastIndexOf('/')), true)
      if (calls.stat(at, false) != null) calls.unlink(at)
      const fd = calls.open(at, constants.O_WRONLY | constants.O_CREAT)
      for (let done = 0; done < bytes.length;) done += calls.write(fd, bytes.subarray(done), done)
      calls.close(fd)
    })
  }

  /** The same, for good: it is nobody else's to change or remove. */
  putOwn(at: string, bytes: Uint8Array): void {
    this.put(at, bytes)
    const inode = new DiskCalls(this.disk).stat(at, false)
    if (inode != null) this.own.set(inode, bytes)
  }

  remove(at: string): void {
    this.#asOther(calls => {
      if (calls.stat(at, false)?.kind === 'file') calls.unlink(at)
    })
  }

  /** The same bytes, at another time. */
  touch(at: string): void {
    this.#asOther(calls => {
      const inode = calls.stat(at, false)
      if (inode != null) this.disk.touch(inode)
    })
  }

  #asOther(act: (calls: DiskCalls) => void): void {
    const { faults, capacityBytes } = this.disk
    this.disk.faults = NO_FAULTS
    this.disk.capacityBytes = Infinity
    this.isPutting = true
    try {
      act(new DiskCalls(this.disk))
      this.disk.syncAll()
    } finally {
      Object.assign(this.disk, { faults, capacityBytes })
      this.isPutting = false
    }
  }

  get isOn(): boolean {
    return this.app != null
  }

  /** Starts Shoal. Rejects when it cannot start. */
  async start(): Promise<void> {
    const machine = new Machine({
      name: `${this.name}.${++this.#runs}`,
      timeline: this.#world.timeline,
      dice: this.#world.dice.fork(),
      disk: this.disk,
      databases: this.databases,
      platform: this.platform,
      peer: this.peer,
      onLog: (level, event, thrown) => this.#world.onLog(this, level, event, thrown)
    })
    this.machine = machine
    this.#world.note('starts', machine)
    const app = await machine.ask(async () =>
      openApplication(
        {
          dataDir: DATA,
          version: '0.0.0',
          offline: false,
          network: 'lan',
          listen: [],
          peers: [],
          bootstrap: null,
          limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: RESERVE_BYTES },
          folders: [DOWNLOADS]
        },
        new AbortController().signal
      )
    )
    if (this.machine !== machine || !machine.isOn) return
    this.app = app
    this.#world.note('is on', machine)
  }

  /** Quits it as its user does; resolves when it has let go of everything, and its process, which lingers for a while, has ended. */
  async quit(lingerMs = 0): Promise<void> {
    const { app, machine } = this
    if (app == null || machine == null) return
    this.app = undefined
    this.#world.note('quits', machine)
    await machine.ask(async () => app[Symbol.asyncDispose]())
    if (lingerMs > 0)
      await machine.ask(async () => new Promise<void>(resolve => machine.after(lingerMs, 'ends', resolve)))
    if (this.machine === machine) this.#gone(machine, false)
  }

  /** The process is killed: what it wrote is there. */
  kill(): void {
    if (this.machine == null) return
    this.#world.note('is killed', this.machine)
    this.databases.killed()
    this.#gone(this.machine, false)
  }

  /** The power is cut. */
  cut(): void {
    if (this.machine == null) return
    this.#world.note('loses power', this.machine)
    this.#gone(this.machine, true)
    const { dice } = this.#world
    this.databases.cut(dice)
    this.disk.cut(dice, dice.chance(0.5))
  }

  /** Runs something as a client of the command line. */
  async ask<T>(call: (service: Application['service'], caller: Caller) => T | Promise<T>): Promise<T> {
    const { app, machine } = this
    if (app == null || machine == null) throw new MachineIsOff(`${this.name} is off`)
    return machine.ask(() => call(app.service, this.caller))
  }

  /** What it gets; nothing when it is off, or is switched off meanwhile. */
  async transfers(): Promise<readonly Transfer[]> {
    try {
      return await this.ask((service, caller) => service.transfer.list({}, caller))
    } catch (error) {
      if (isOff(error)) return []
      throw error
    }
  }

  /** The world ends. */
  discard(): void {
    this.machine?.off()
    this.databases.close()
  }

  #gone(machine: Machine, isCut: boolean): void {
    machine.off()
    this.#world.internet.machineOff(machine, isCut)
    this.machine = undefined
    this.app = undefined
  }
}
