// A simulated world: computers with disks, what is between them, one clock, one log. What happens there is in actions.ts, what must hold in watch.ts.
import { createHash } from 'node:crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Dice } from '../../core/simulation/dice.ts'
import { Internet, type Peer } from '../../core/simulation/internet.ts'
import type { Machine } from '../../core/simulation/machine.ts'
import { type Owner, Timeline } from '../../core/simulation/timeline.ts'
import type { NameRules } from '../../core/simulation/disk.ts'
import { Computer } from './computer.ts'
import type { Content } from './content.ts'
import { ExchangeAudit } from './exchange-audit.ts'
import { HostilePeer } from './hostile/peer.ts'
import type { HostilePlan } from './hostile/plan.ts'
import { isOff } from './off.ts'

/** What breaks a promise that the program makes; the run ends with it. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

const LAST_EVENTS = 400

export class World {
  readonly dice: Dice
  readonly timeline: Timeline
  readonly internet: Internet
  readonly computers: Computer[] = []
  readonly hostile: HostilePeer[] = []
  /** What happened, for people: a line each. */
  readonly log: string[] = []
  /** The last events, whatever they were. */
  readonly lastEvents: string[] = []
  broken: Error | undefined
  /** What is shared at all. */
  contents: readonly Content[] = []
  readonly audit = new ExchangeAudit({
    nameOf: peerId => this.computers.find(it => it.peer.peerId === peerId)?.name,
    leafBytes: root => this.contents.find(it => it.root === root)?.layout.leafBytes,
    break: what => this.break(what)
  })
  readonly #digest = createHash('sha256')
  readonly #keys: Dice

  constructor(seed: number) {
    this.dice = new Dice(seed)
    this.#keys = this.dice.fork()
    const paths = this.dice.fork()
    this.timeline = new Timeline({
      event: (what, owner) => this.#noteEvent(what, owner),
      thrown: (thrown, owner) => {
        if (!isOff(thrown))
          this.break(`an exception ends the process of ${owner?.name ?? 'the world'}: ${String(thrown)}`, thrown)
      }
    })
    this.internet = new Internet({
      timeline: this.timeline,
      dice: this.dice.fork(),
      newPath: () => ({
        delayMs: paths.scale(0.2, 150),
        bytesPerSecond: paths.scale(50_000, 50_000_000),
        isUp: true,
        isSilent: false,
        isSlow: false,
        isLan: paths.chance(0.6)
      }),
      log: what => this.note(what),
      onStream: (...stream) => this.audit.onStream(...stream),
      onBan: (by, peerId) => this.#onBan(by, peerId)
    })
  }

  /** One more computer; nothing runs on it yet. */
  async addComputer(capacityBytes: number, platform: NodeJS.Platform, names?: NameRules): Promise<Computer> {
    const at = this.computers.length + 1
    const peer = await this.#newPeer(`10.0.0.${at}`)
    const computer = new Computer(`n${at}`, peer, this, capacityBytes, names)
    computer.platform = platform
    computer.disk.isJournaled = platform === 'win32'
    computer.disk.holdsFolders = platform === 'win32'
    this.computers.push(computer)
    return computer
  }

  /** One more peer that means no good; it comes when its plan says. */
  async addHostile(plan: HostilePlan): Promise<void> {
    const at = this.hostile.length + 1
    this.hostile.push(
      new HostilePeer({
        name: `h${at}`,
        peer: await this.#newPeer(`10.0.1.${at}`),
        plan,
        contents: this.contents,
        timeline: this.timeline,
        others: () => this.computers.map(it => it.peer.peerId)
      })
    )
  }

  async #newPeer(address: string): Promise<Peer> {
    const privateKey = await generateKeyPairFromSeed('Ed25519', this.#keys.bytes(32))
    const peerId = peerIdFromPrivateKey(privateKey).toString()
    return { peerId, privateKey, addr: `/ip4/${address}/tcp/4001/p2p/${peerId}`, internet: this.internet }
  }

  note(what: string, by?: Owner): void {
    const line = `${this.timeline.now.toFixed(3)} ${by?.name ?? '-'} ${what}`
    this.log.push(line)
    this.#keep(line)
    this.#digest.update(line)
  }

  break(what: string, cause?: unknown): void {
    if (this.broken != null) return
    this.broken = new Broken(what, { cause })
    this.note(`BROKEN ${what}`)
  }

  /** Of everything that happened, events that are in no log too. */
  digest(): string {
    return this.#digest.copy().digest('hex')
  }

  /** Peers are named as their computers are. */
  nameOf(peerId: string): string {
    return [...this.computers, ...this.hostile].find(it => it.peer.peerId === peerId)?.name ?? peerId
  }

  /** What only a fault of the program, or a peer that does what no honest one does, can have caused. */
  onLog(computer: Computer, level: 'info' | 'error', event: string, thrown: unknown): void {
    if (level === 'info') return
    this.note(`logs ${event}: ${String(thrown)}`, computer.machine)
    if (
      isOff(thrown) ||
      (event === 'catalogue.failed' && thrown instanceof Error && 'syscall' in thrown) ||
      (event.startsWith('exchange.') && this.hostile.length > 0)
    )
      return
    this.break(`${computer.name} logs ${event}: ${String(thrown)}`, thrown)
  }

  #noteEvent(what: string, owner: Owner | undefined): void {
    const line = `${this.timeline.now.toFixed(3)} ${owner?.name ?? '-'} ${what}`
    this.#keep(line)
    this.#digest.update(line)
  }

  #keep(line: string): void {
    this.lastEvents.push(line)
    if (this.lastEvents.length > 2 * LAST_EVENTS) this.lastEvents.splice(0, LAST_EVENTS)
  }

  #onBan(by: Machine, peerId: string): void {
    this.note(`refuses ${this.nameOf(peerId)}`, by)
    if (this.computers.some(it => it.peer.peerId === peerId))
      this.break(`${by.name} refuses ${this.nameOf(peerId)}, who is honest`)
  }
}
