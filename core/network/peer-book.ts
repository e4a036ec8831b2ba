// What we know of peers besides libp2p's store: how each was found, its name, and which were met on a local network. Bounded: strangers fill it.

export type Via = 'link' | 'peer' | 'mdns' | 'dht' | 'pex' | 'inbound'

const MAX_NOTES = 4096
const MAX_NAME_LENGTH = 64

interface Note {
  via?: Via
  name?: string
  isNear?: boolean
}

export class PeerBook {
  readonly #notes = new Map<string, Note>()

  /** The first way a peer was found stays, except that `inbound` gives way to a better one. */
  noteVia(peerId: string, via: Via): void {
    const note = this.#touch(peerId)
    if (note.via == null || note.via === 'inbound') note.via = via
  }

  /** Shown on screens: control characters are cut out, the length is limited. */
  noteName(peerId: string, name: string): void {
    this.#touch(peerId).name = name.replaceAll(/\p{C}/gu, '').slice(0, MAX_NAME_LENGTH)
  }

  noteNear(peerId: string): void {
    this.#touch(peerId).isNear = true
  }

  viaOf = (peerId: string): Via => this.#notes.get(peerId)?.via ?? 'inbound'
  nameOf = (peerId: string): string | undefined => this.#notes.get(peerId)?.name
  wasNear = (peerId: string): boolean => this.#notes.get(peerId)?.isNear === true

  #touch(peerId: string): Note {
    const note = this.#notes.get(peerId) ?? {}
    this.#notes.delete(peerId)
    this.#notes.set(peerId, note)
    for (const oldest of this.#notes.keys()) {
      if (this.#notes.size <= MAX_NOTES) break
      this.#notes.delete(oldest)
    }
    return note
  }
}
