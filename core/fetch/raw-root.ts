// A root that is itself a leaf has no skeleton, so its length is nobody's word but its own: it is fetched whole (at most 2 MiB)
// and measured before there is a layout. Asked of one peer at a time.

import { MAX_RETRY_MS, SNUBBED_MS, UNREAD_RETRY_MS } from './limits.ts'
import { hasDigest } from './verify.ts'

export interface RawSource {
  readonly id: string
  readonly rttMs: number
  readonly choked: boolean
  request(): void
  cancel(): void
}

const REST_MS = 5_000

export class RawRoot {
  readonly #digest: Uint8Array
  readonly #blame: (peerId: string) => void
  readonly #found: (bytes: Uint8Array, peerId: string) => void
  readonly #sources = new Map<string, { peer: RawSource; restUntil: number; unread: number }>() // unread: times it could not read it
  readonly #refused = new Set<string>() // sent wrong bytes: never asked for it again
  #asked: { peer: RawSource; heardAt: number } | undefined
  #verifying = false

  constructor(
    digest: Uint8Array,
    options: { blame(peerId: string): void; found(bytes: Uint8Array, peerId: string): void }
  ) {
    this.#digest = digest
    this.#blame = options.blame
    this.#found = options.found
  }

  /** Somebody could send it. */
  isServed(now: number): boolean {
    if (this.#verifying) return true
    for (const [id, { restUntil, unread }] of this.#sources)
      if (restUntil <= now && unread === 0 && !this.#refused.has(id)) return true
    return false
  }

  addPeer(peer: RawSource, now: number): void {
    this.#sources.set(peer.id, { peer, restUntil: now, unread: 0 })
    this.#ask(now)
  }

  removePeer(id: string, now: number): void {
    this.#sources.delete(id)
    if (this.#asked?.peer.id === id) this.#asked = undefined
    this.#ask(now)
  }

  onBytes(id: string, now: number): void {
    if (this.#asked?.peer.id !== id) return
    this.#asked.heardAt = now
    const source = this.#sources.get(id)
    if (source != null) source.unread = 0
  }

  onLeaf(id: string, bytes: Uint8Array, now: number): void {
    if (this.#asked?.peer.id !== id) return
    this.#asked = undefined
    void this.#verify(id, bytes, now)
  }

  /** `isUnread`: it could not read it just now. */
  onReject(id: string, retryMs: number, isUnread: boolean, now: number): void {
    if (this.#asked?.peer.id !== id) return
    this.#asked = undefined
    const source = this.#sources.get(id)
    const tries = isUnread && source != null ? source.unread++ : undefined
    const pauseMs = tries == null ? REST_MS : Math.min(MAX_RETRY_MS, UNREAD_RETRY_MS * 2 ** tries)
    this.#rest(id, retryMs > 0 ? retryMs : pauseMs, now)
    this.#ask(now)
  }

  tick(now: number): void {
    const asked = this.#asked
    if (asked != null && now - asked.heardAt >= Math.max(SNUBBED_MS, 4 * asked.peer.rttMs)) {
      this.#asked = undefined
      asked.peer.cancel()
      this.#rest(asked.peer.id, 3 * SNUBBED_MS, now)
    }
    this.#ask(now)
  }

  async #verify(id: string, bytes: Uint8Array, now: number): Promise<void> {
    this.#verifying = true
    const right = await hasDigest(bytes, this.#digest)
    this.#verifying = false
    if (right) return this.#found(bytes, id)
    this.#refused.add(id)
    this.#blame(id)
    this.#ask(now)
  }

  #rest(id: string, ms: number, now: number): void {
    const source = this.#sources.get(id)
    if (source != null) source.restUntil = now + ms
  }

  #ask(now: number): void {
    if (this.#asked != null || this.#verifying) return
    for (const [id, { peer, restUntil }] of this.#sources) {
      if (restUntil > now || peer.choked || this.#refused.has(id)) continue
      this.#asked = { peer, heardAt: now }
      peer.request()
      return
    }
  }
}
