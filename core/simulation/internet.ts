// Who can reach whom in a simulated world, who provides what, and whom a local network tells of.
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Dice } from './dice.ts'
import { type Path, Side, type SimulatedProtocol } from './connection.ts'
import type { Machine } from './machine.ts'
import type { Timeline } from './timeline.ts'
import type { Wire } from './wire.ts'

/** A place in the network that a machine has, run after run. */
export interface Peer {
  readonly peerId: string
  readonly privateKey: Ed25519PrivateKey
  readonly addr: string
  readonly internet: Internet
}

export const peerOfMachine = (machine: Machine): Peer => machine.peer as Peer // set by whoever made the machine

/** A machine that listens. */
export interface Listening {
  readonly machine: Machine
  readonly peer: Peer
  /** A connection was made, by itself or by the other one. */
  onConnection(side: Side, from: Peer, isInbound: boolean): void
  /** False: refused. */
  accepts(peerId: string): boolean
}

export interface InternetPorts {
  readonly timeline: Timeline
  readonly dice: Dice
  /** What is between two peers when they are first looked at. */
  newPath(a: string, b: string): Path
  log(what: string): void
  /** A stream was opened, by `from` at the end `near`. */
  onStream(protocol: SimulatedProtocol, near: Wire, far: Wire, from: string, to: string): void
  /** Somebody is refused from now on. */
  onBan(by: Machine, peerId: string): void
}

export class Internet {
  /** Peers on one local network have bulk links. */
  hasBulk = false
  readonly ports: InternetPorts
  readonly #listening = new Map<string, Listening>()
  readonly #paths = new Map<string, Path>()
  readonly #sides = new Set<Side>()
  readonly #providers = new Map<string, Set<string>>()

  constructor(ports: InternetPorts) {
    this.ports = ports
  }

  path(a: string, b: string): Path {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`
    let path = this.#paths.get(key)
    if (path == null) this.#paths.set(key, (path = this.ports.newPath(a, b)))
    return path
  }

  /** From now on it can be reached. Returns how it cannot any more. */
  listen(it: Listening): () => void {
    this.#listening.set(it.peer.peerId, it)
    return () => {
      if (this.#listening.get(it.peer.peerId) === it) this.#listening.delete(it.peer.peerId)
    }
  }

  /** Peers on the same local network that run now. */
  neighbours(peerId: string): Listening[] {
    return [...this.#listening.values()].filter(
      it => it.peer.peerId !== peerId && this.path(peerId, it.peer.peerId).isLan
    )
  }

  /** Connects, or rejects when nobody answers there. */
  async dial(from: Listening, peerId: string): Promise<void> {
    const path = this.path(from.peer.peerId, peerId)
    const { machine } = from
    const settled = Promise.withResolvers<void>()
    machine.after(3 * path.delayMs, 'net.dialled', () => {
      const to = this.#listening.get(peerId)
      const isReached = path.isUp && !path.isSilent && to?.machine.isOn === true
      if (!isReached || !to.accepts(from.peer.peerId)) return settled.reject(new Error('Nobody answers'))
      this.#connect(from, to, path)
      settled.resolve()
    })
    return settled.promise
  }

  /** Something of the path has changed: connections over it end, or go on. */
  pathChanged(a: string, b: string): void {
    const path = this.path(a, b)
    for (const side of [...this.#sides].filter(it => it.path === path)) {
      if (!path.isUp) side.machine.after(path.delayMs, 'net.lost', () => side.end(new Error('The connection was lost')))
      else if (!path.isSilent) side.machine.after(0, 'net.healed', () => side.heal())
    }
  }

  /** Everything that a program had open is closed by its system, or nobody is told: the power was cut. */
  machineOff(machine: Machine, isCut: boolean): void {
    for (const side of [...this.#sides].filter(it => it.machine === machine)) {
      this.#sides.delete(side)
      side.isOpen = false
      if (isCut || side.path.isSilent) continue
      const { far } = side
      far.machine.after(side.path.delayMs, 'net.reset', () => far.end(new Error('The connection was reset')))
    }
  }

  provide(root: string, peerId: string): void {
    this.#providers.set(root, (this.#providers.get(root) ?? new Set()).add(peerId))
  }

  unprovide(root: string, peerId: string): void {
    this.#providers.get(root)?.delete(peerId)
  }

  providers(root: string): string[] {
    return [...(this.#providers.get(root) ?? [])]
  }

  addrOf(peerId: string): string | undefined {
    return this.#listening.get(peerId)?.peer.addr
  }

  /** How many connections are open, each counted once. */
  get connections(): number {
    return [...this.#sides].filter(it => it.isOpen).length / 2
  }

  #connect(from: Listening, to: Listening, path: Path): void {
    const forget = (side: Side): void => void this.#sides.delete(side)
    const near = new Side(from.machine, path, forget)
    const far = new Side(to.machine, path, forget)
    near.far = far
    far.far = near
    this.#sides.add(near).add(far)
    from.onConnection(near, to.peer, false)
    to.machine.after(path.delayMs, 'net.connected', () => {
      if (far.isOpen) to.onConnection(far, from.peer, true)
    })
  }
}
