// What simulated code gets in place of core/network/identity.ts: the key that its machine was given.
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerOfMachine } from './internet.ts'
import { thisMachine } from './machine.ts'

export async function openIdentity(): Promise<Ed25519PrivateKey> {
  return peerOfMachine(thisMachine()).privateKey
}
