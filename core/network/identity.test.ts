import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { CodedError } from '../errors.ts'
import { openIdentity } from './identity.ts'
import { cleanup } from '../testing/cleanup.ts'

const tempDir = (t: TestContext): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-identity-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  return dir
}

test('the identity is made once and the same ever after', async t => {
  const dir = tempDir(t)
  const first = await openIdentity(dir)
  assert.ok((await openIdentity(dir)).equals(first))
  assert.deepEqual(readdirSync(dir), ['identity.key'], 'no temporary file stays')
  if (process.platform !== 'win32') assert.equal(statSync(path.join(dir, 'identity.key')).mode & 0o777, 0o600)
})

test('a key that others can read is closed again', { skip: process.platform === 'win32' }, async t => {
  const dir = tempDir(t)
  await openIdentity(dir)
  chmodSync(path.join(dir, 'identity.key'), 0o644)
  await openIdentity(dir)
  assert.equal(statSync(path.join(dir, 'identity.key')).mode & 0o777, 0o600)
})

test('a damaged key is refused and left as it is', async t => {
  const dir = tempDir(t)
  await openIdentity(dir)
  const file = path.join(dir, 'identity.key')
  const good = readFileSync(file)
  const flipped = Uint8Array.from(good)
  flipped[20] = (flipped[20] ?? 0) ^ 1
  const rsaLike = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
  for (const bad of [new Uint8Array(0), good.subarray(0, 30), flipped, rsaLike, new Uint8Array(10_000)]) {
    writeFileSync(file, bad)
    await assert.rejects(openIdentity(dir), error => error instanceof CodedError && error.code === 'data-damaged')
    assert.deepEqual(new Uint8Array(readFileSync(file)), new Uint8Array(bad))
  }
})
