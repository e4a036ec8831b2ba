import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import nodeTls from 'node:tls'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter } from '@libp2p/interface'
import { tls } from '@libp2p/tls'
import { chooseEncrypters, testEncrypter } from './encrypters.ts'
import { cleanup } from '../testing/cleanup.ts'
import { until } from '../testing/loopback-swarm.ts'

const key = await generateKeyPair('Ed25519')

test('TLS and noise pass the self-test', async () => {
  await testEncrypter(components => tls()(components), key)
  await testEncrypter(components => noise()(components), key)
})

test('TLS is offered first, and taken back when its self-test fails', async () => {
  for (const isBroken of [false, true]) {
    const offered = new Map<string, unknown>()
    const tested = Promise.withResolvers<void>()
    const log: unknown[] = []
    const fault = new Error('no cipher')
    const factories = await chooseEncrypters(key, error => log.push(error), {
      handle: async () => {},
      tls: async () => {
        tested.resolve()
        if (isBroken) throw fault
      }
    })
    // of libp2p's components the encrypters look only at the upgrader here
    const components = {
      upgrader: { getConnectionEncrypters: () => offered },
      logger: { forComponent: () => undefined }
    } as unknown
    for (const factory of factories) {
      const encrypter = factory(components as Parameters<typeof factory>[0])
      offered.set(encrypter.protocol, encrypter)
    }
    assert.deepEqual([...offered.keys()], ['/tls/1.0.0', '/noise'])
    let isTested = false
    void tested.promise.then(() => (isTested = true))
    await until(() => isTested && (!isBroken || !offered.has('/tls/1.0.0')), 'the self-test has run')
    assert.equal(offered.has('/tls/1.0.0'), !isBroken)
    assert.deepEqual(log, isBroken ? [fault] : [])
  }
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
      { timeoutMs: 300 }
    )
  )
})

test('TLS of which no socket can be made does not pass, and throws nothing afterwards', async t => {
  const { TLSSocket, connect } = nodeTls
  const replace = (by: object): void => {
    Object.assign(nodeTls, by)
    syncBuiltinESMExports()
  }
  cleanup(t).defer(() => replace({ TLSSocket, connect }))
  const refuse = (): never => {
    throw new Error('No such socket')
  }
  replace({ TLSSocket: refuse, connect: refuse })
  await assert.rejects(
    testEncrypter(components => tls()(components), key),
    /No such socket/
  )
  await new Promise(resolve => setImmediate(resolve)) // what is thrown later ends the process: it is the test's, and fails it
})
