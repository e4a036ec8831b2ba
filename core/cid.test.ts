import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bases } from 'multiformats/basics'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { DAG_PB, RAW, decodeRoot, parseRoot, rootText } from './cid.ts'
import { CodedError } from './errors.ts'

/** Any UTF-16 code unit: pairs, and halves of pairs, come about by themselves. */
const codeUnits = fc.nat(0xffff).map(code => String.fromCharCode(code))

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 })
const codecs = fc.constantFrom(RAW, DAG_PB)
const textBases = Object.values(bases).filter(base => base.name !== 'identity')

test('a root in any multibase is the same root, written in base32', () => {
  fc.assert(
    fc.property(digests, codecs, (digest, codec) => {
      const cid = CID.createV1(codec, createDigest(0x12, digest))
      for (const base of textBases) {
        const parsed = parseRoot(base.encode(cid.bytes))
        assert.ok(parsed.equals(cid), base.name)
        assert.equal(rootText(parsed), cid.toString())
        assert.match(rootText(parsed), /^b[a-z2-7]+$/)
      }
      assert.ok(decodeRoot(cid.bytes).equals(cid))
    }),
    { numRuns: 50 }
  )
})

test('CIDv0 comes back as CIDv1', () => {
  const v0 = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
  const v1 = 'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  assert.equal(rootText(parseRoot(v0)), v1)
  assert.equal(parseRoot(v0).version, 1)
  assert.equal(rootText(decodeRoot(CID.parse(v0).bytes)), v1)
  assert.throws(() => parseRoot(`z${v0}`), { code: 'invalid-link' })
})

test('other codecs, hashes and digest lengths are refused by their own code', () => {
  const digest = new Uint8Array(32)
  const refused = [
    CID.createV1(0x71, createDigest(0x12, digest)), // dag-cbor
    CID.createV1(RAW, createDigest(0x00, digest)), // identity
    CID.createV1(RAW, createDigest(0x1e, digest)), // blake3
    CID.createV1(RAW, createDigest(0x12, digest.subarray(0, 20))), // truncated sha2-256
    CID.createV1(RAW, createDigest(0x12, new Uint8Array(0)))
  ]
  for (const cid of refused) {
    assert.throws(() => parseRoot(cid.toString()), { code: 'unsupported-cid' })
    assert.throws(() => decodeRoot(cid.bytes), { code: 'unsupported-cid' })
  }
  assert.throws(() => decodeRoot(new Uint8Array([1, 2, 3])), { code: 'unsupported-cid' })
})

test('a decoded root does not share memory with the bytes it came from', () => {
  const cid = CID.createV1(RAW, createDigest(0x12, new Uint8Array(32)))
  const bytes = cid.bytes.slice()
  const decoded = decodeRoot(bytes)
  bytes.fill(0xff)
  assert.deepEqual([...decoded.multihash.digest], [...cid.multihash.digest])
})

test('any text is a root or refused', () => {
  const real = 'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  const mutated = fc
    .tuple(fc.nat(real.length), fc.nat(3), fc.string({ maxLength: 4, unit: codeUnits }))
    .map(([at, cut, put]) => real.slice(0, at) + put + real.slice(at + cut))
  const prefixed = fc
    .tuple(
      fc.constantFrom('Q', 'Qm', ...textBases.map(base => base.prefix)),
      fc.string({ unit: codeUnits, maxLength: 80 })
    )
    .map(([prefix, rest]) => prefix + rest)
  fc.assert(
    fc.property(fc.oneof(mutated, prefixed, fc.string({ unit: codeUnits })), text => {
      try {
        const cid = parseRoot(text)
        assert.ok(parseRoot(rootText(cid)).equals(cid))
      } catch (error) {
        assert.ok(error instanceof CodedError, String(error))
        assert.ok(error.code === 'invalid-link' || error.code === 'unsupported-cid')
      }
    }),
    { numRuns: 200 }
  )
})
