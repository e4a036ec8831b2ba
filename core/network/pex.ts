// Peer exchange: what one peer may tell another of third peers, as signed peer records (libp2p RFC 0003). The signature makes sure that a peer speaks for
// its own addresses only; it does not make the addresses good, so they pass the same policy as any other.

import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromPublicKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { isNear, mayAnnounce, mayLearn, type NetworkMode } from './address-policy.ts'

/** Records in one Pex message, both ways. */
export const MAX_PEX_RECORDS = 32
const MAX_RECORD_BYTES = 4096
const MAX_ADDRS_PER_RECORD = 8

export interface Introduced {
  readonly peerId: string
  /** With /p2p/, at most 8, each one this mode may learn from the introducing peer. */
  readonly addrs: readonly Multiaddr[]
}

/** Our own record, for peers that have none of us. `addrs` may end in our /p2p/. */
export async function sealRecord(key: PrivateKey, addrs: readonly Multiaddr[]): Promise<Uint8Array> {
  const multiaddrs = addrs.slice(0, MAX_ADDRS_PER_RECORD).map(addr => addr.decapsulateCode(CODE_P2P))
  const record = new PeerRecord({ peerId: peerIdFromPrivateKey(key), multiaddrs })
  return (await RecordEnvelope.seal(record, key)).marshal()
}

/**
 * Whether a stored record is worth telling: it has an address this mode may announce, and for somebody on the internet one that he could reach.
 * The record is signed as a whole, so what else it holds goes with it.
 */
export function mayTell(record: Uint8Array, mode: NetworkMode, isRecipientNear: boolean): boolean {
  if (record.byteLength > MAX_RECORD_BYTES) return false
  try {
    const { multiaddrs } = PeerRecord.createFromProtobuf(RecordEnvelope.createFromProtobuf(record).payload)
    return multiaddrs.some(addr => mayAnnounce(mode, addr) && (isRecipientNear || !isNear(addr)))
  } catch {
    return false
  }
}

/**
 * What a stranger's Pex message holds for us: bad signatures, foreign or oversized records and addresses outside the policy are dropped without a word.
 * Never throws. Looks at the first 32 records.
 */
export async function openRecords(
  records: readonly Uint8Array[],
  { mode, isSenderNear, ownPeerId }: { mode: NetworkMode; isSenderNear: boolean; ownPeerId: string }
): Promise<Introduced[]> {
  const found = new Map<string, Introduced>()
  for (const record of records.slice(0, MAX_PEX_RECORDS)) {
    const opened = await openRecord(record)
    if (opened == null || opened.peerId === ownPeerId) continue
    const addrs = opened.addrs.filter(addr => mayLearn(mode, addr, isSenderNear)).slice(0, MAX_ADDRS_PER_RECORD)
    const suffix = `/p2p/${opened.peerId}`
    if (addrs.length > 0) found.set(opened.peerId, { ...opened, addrs: addrs.map(addr => addr.encapsulate(suffix)) })
  }
  return [...found.values()]
}

async function openRecord(record: Uint8Array): Promise<{ peerId: string; addrs: Multiaddr[] } | undefined> {
  if (record.byteLength > MAX_RECORD_BYTES) return undefined
  try {
    const envelope = await RecordEnvelope.openAndCertify(record, PeerRecord.DOMAIN)
    const { peerId, multiaddrs } = PeerRecord.createFromProtobuf(envelope.payload)
    if (!peerIdFromPublicKey(envelope.publicKey).equals(peerId)) return undefined // signed by somebody else
    return { peerId: peerId.toString(), addrs: multiaddrs.map(addr => addr.decapsulateCode(CODE_P2P)) }
  } catch {
    return undefined
  }
}
