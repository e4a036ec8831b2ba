import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter } from '@libp2p/interface'
import { tls } from '@libp2p/tls'
import { chooseEncrypters, testEncrypter } from './encrypters.ts'

const key = await generateKeyPair('Ed25519')

test('TLS and noise pass the self-test; TLS is offered first', async () => {
  await testEncrypter(components => tls()(components), key)
  await testEncrypter(components => noise()(components), key)
  const log: string[] = []
  assert.equal((await chooseEncrypters(key, message => log.push(message))).length, 2)
  assert.deepEqual(log, [])
})

test('an encrypter that cannot shake hands, or that loses bytes, does not pass', async () => {
  const broken = (part: Partial<ConnectionEncrypter>) =>
    testEncrypter(components => Object.assign(noise()(components), part), key)
  await assert.rejects(broken({ secureInbound: async () => await Promise.reject(new Error('no')) }))
  const mute = noise()
  await assert.rejects(
    testEncrypter(
      components => {
        const real = mute(components)
        const secureOutbound: ConnectionEncrypter['secureOutbound'] = async (connection, options) => {
          const secured = await real.secureOutbound(connection, options)
          secured.connection.send = () => true
          return secured
        }
        return Object.assign(Object.create(real) as ConnectionEncrypter, { secureOutbound })
      },
      key,
      300
    )
  )
})
