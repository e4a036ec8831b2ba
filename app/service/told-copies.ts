// Whom we told that we hold all of a root, which they count as a copy as long as we are connected: they hear when it is so no longer, and when it is again.
import type { CID } from 'multiformats/cid'
import { rootText } from '../../core/cid.ts'
import { HaveKind } from '../../core/exchange/codes.ts'
import type { HaveMessage } from '../../core/exchange/messages.ts'
import type { Requester } from '../../core/exchange/requester.ts'
import { sayHave } from '../../core/exchange/say-have.ts'

/** Of one peer; it notes no more of us either. */
export const MAX_COPIES_NOTED = 4096

export interface ToldCopiesPorts {
  /** Whether all of a root is served here now. */
  isWhole(root: CID): boolean
  /** Our side towards a peer; undefined while there is none. */
  requester(peerId: string): Requester | undefined
}

interface Told {
  readonly root: CID
  /** As it was said, or is being said. */
  isFull: boolean
}

export class ToldCopies {
  readonly #ports: ToldCopiesPorts
  readonly #told = new Map<string, Map<string, Told>>() // by peer and root; once in there, until the peer leaves

  constructor(ports: ToldCopiesPorts) {
    this.#ports = ports
  }

  /** This was just said to a peer, by whoever. */
  note(peerId: string, root: CID, kind: HaveKind): void {
    if (kind === HaveKind.SET) return
    const key = rootText(root)
    let roots = this.#told.get(peerId)
    const known = roots?.get(key)
    if (known != null) known.isFull = kind === HaveKind.FULL
    else if (kind === HaveKind.FULL) {
      if (roots == null) this.#told.set(peerId, (roots = new Map()))
      if (roots.size < MAX_COPIES_NOTED) roots.set(key, { root, isFull: true })
    }
    if (kind === HaveKind.FULL) setImmediate(() => this.look(root)) // the last word of a download that is not kept
  }

  /** What is held of a root may be something else now. */
  look(root: CID): void {
    const key = rootText(root)
    for (const [peerId, roots] of this.#told) this.#tell(peerId, roots.get(key))
  }

  /** We can talk to this peer, perhaps anew: what was said last may not have gone out. */
  greet(peerId: string): void {
    for (const told of this.#told.get(peerId)?.values() ?? []) this.#say(peerId, told, this.#ports.isWhole(told.root))
  }

  forget(peerId: string): void {
    this.#told.delete(peerId)
  }

  #tell(peerId: string, told: Told | undefined): void {
    if (told == null) return
    const isFull = this.#ports.isWhole(told.root)
    if (isFull !== told.isFull) this.#say(peerId, told, isFull)
  }

  #say(peerId: string, told: Told, isFull: boolean): void {
    told.isFull = isFull // without a requester too: the next one says it all again
    const requester = this.#ports.requester(peerId)
    if (requester != null) sayHave(requester, told.root, isFull ? FULL : NONE)
  }
}

const FULL: HaveMessage = { kind: HaveKind.FULL, start: 0, bits: new Uint8Array(0) }
const NONE: HaveMessage = { kind: HaveKind.NONE, start: 0, bits: new Uint8Array(0) }
