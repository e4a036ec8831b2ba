import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { DAG_PB, RAW, parseRoot } from './cid.ts'
import { CodedError } from './errors.ts'
import { formatLink, parseLink, type ShareLink } from './link.ts'

/** Any UTF-16 code unit: pairs, and halves of pairs, come about by themselves. */
const codeUnits = fc.nat(0xffff).map(code => String.fromCharCode(code))

const V1 = 'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const V0 = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
const PEER = '12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK'
const ADDR = `/ip4/192.0.2.7/tcp/4001/p2p/${PEER}`

const roots = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(RAW, DAG_PB))
  .map(([digest, codec]) => CID.createV1(codec, createDigest(0x12, digest)))
const addrs = fc.oneof(
  fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([ip, port]) => `/ip4/${ip}/tcp/${port}/p2p/${PEER}`),
  fc.nat(65_535).map(port => `/dns4/peer.example/tcp/${port}/p2p/${PEER}/p2p-circuit/p2p/${PEER}`)
)
const links: fc.Arbitrary<ShareLink> = fc.record(
  {
    root: roots,
    name: fc.string({ minLength: 1, unit: codeUnits }).map(name => name.toWellFormed()),
    sizeBytes: fc.maxSafeNat(),
    addrs: fc.uniqueArray(addrs, { maxLength: 8 })
  },
  { requiredKeys: ['root', 'addrs'] }
)

const asText = ({ root, ...hints }: ShareLink): object => ({ root: root.toString(), ...hints })

test('what is written is read back', () => {
  fc.assert(
    fc.property(links, link => {
      const text = formatLink(link)
      assert.match(text, /^shoal:b[a-z2-7]+(\?[\w.!~*'()%=&-]+)?$/)
      assert.deepEqual(asText(parseLink(text)), asText(link))
    }),
    { numRuns: 200 }
  )
})

test('any text is a link or refused', () => {
  const pieces = fc.constantFrom(
    'shoal:', 'shoal://', 'SHOAL:', 'ipfs://', '/ipfs/', 'https://', 'host', '.ipfs.', V1, V0, '/', '?', '#', '&', ' ',
    'n=', 's=', 'a=', '%', '%2F', '%ff', '+', ADDR, encodeURIComponent(ADDR), '/p2p/', PEER, '9', '\u0000', '\ud800'
  ) // prettier-ignore
  const made = fc.array(fc.oneof(pieces, fc.string({ unit: codeUnits, maxLength: 5 })), { maxLength: 14 })
  fc.assert(
    fc.property(
      fc.oneof(
        made.map(parts => parts.join('')),
        fc.string({ unit: codeUnits })
      ),
      text => {
        try {
          const link = parseLink(text)
          assert.deepEqual(asText(parseLink(formatLink(link))), asText({ ...link, addrs: link.addrs.slice(0, 8) }))
        } catch (error) {
          assert.ok(error instanceof CodedError, String(error))
          assert.ok(error.code === 'invalid-link' || error.code === 'unsupported-cid')
        }
      }
    ),
    { numRuns: 500 }
  )
})

test('every accepted form names the root', () => {
  const accepted = [
    `shoal:${V1}`, `shoal:${V0}`, `SHOAL:${V1}?`, `shoal://${V1}`, `shoal://${V1}/`, `shoal://${V1.toUpperCase()}/?n=x`,
    V1, V0, `  ${V1}\n`, `\ufeffshoal:${V1}?n=x\r\n`, `ipfs://${V1}`, `ipfs://${V0}/`, `/ipfs/${V0}`, `/ipfs/${V1}/`,
    `https://gateway.example/ipfs/${V0}`, `https://gateway.example:8443/ipfs/${V1}/?filename=x#y`,
    `https://${V1}.ipfs.gateway.example`, `https://${V1.toUpperCase()}.IPFS.gateway.example/`, `https://[::1]:80/ipfs/${V1}`
  ] // prettier-ignore
  for (const text of accepted) assert.equal(parseLink(text).root.toString(), V1, text)
})

test('anything else is refused', () => {
  const refused = [
    '', ' ', 'shoal:', 'shoal://', 'shoal:?n=x', `shoal:/${V1}`, `shoal:///${V1}`, `shoal://${V0}`, `http://host/ipfs/${V1}`,
    `https:///ipfs/${V1}`, `https://host/${V1}`, `https://host/x/ipfs/${V1}`, `https://host/ipns/${V1}`, `/ipns/${V1}`,
    `https://${V0}.ipfs.host`, `https://${V1}.ipfs.`, `https://${V1}.ipns.host`, `https://${V1}.ipfs.host/file`, `ipfs:${V1}`,
    `ipfs://${V1}/file`, `/ipfs/${V1}/a/b`, `https://host/ipfs/${V1}/file`, `${V1}?n=x`, `${V1}/file`, `magnet:?xt=${V1}`,
    `${V1} ${V1}`, `javascript:${V1}`, 'file:///etc/passwd', `shoal:${V1}x`, `shoal:%62${V1.slice(1)}`
  ] // prettier-ignore
  for (const text of refused) assert.throws(() => parseLink(text), { code: 'invalid-link' }, text)
  assert.throws(() => parseLink('shoal:bafkqaaa'), { code: 'unsupported-cid' })
})

test('hints: the first n and s win, malformed and unknown ones are dropped', () => {
  const hints = (query: string): object => {
    const { root, ...rest } = parseLink(`shoal:${V1}?${query}`)
    assert.equal(root.toString(), V1)
    return rest
  }
  assert.deepEqual(hints('n=a+b%20c&n=second&s=12&s=13'), { name: 'a+b c', sizeBytes: 12, addrs: [] })
  assert.deepEqual(hints('n=%zz&n=&n=%ff&x=1&N=no&&=&n'), { addrs: [] })
  assert.deepEqual(hints('s=-1&s=1.5&s=1e3&s=0x10&s=9007199254740992&s=+1&s='), { addrs: [] })
  assert.deepEqual(hints('s=0'), { sizeBytes: 0, addrs: [] })
  assert.deepEqual(hints('n=a=b&n=c'), { name: 'a=b', addrs: [] })
  assert.deepEqual(hints('n=x#&s=1'), { name: 'x', addrs: [] })
  assert.deepEqual(hints('n=\ud800&n=x'), { name: 'x', addrs: [] })
  assert.equal(parseLink(formatLink({ root: parseRoot(V1), name: 'a\ud800', addrs: [] })).name, 'a\ufffd')
})

test('addresses are kept when they are whole and end in a peer ID', () => {
  const kept = (...addrs: string[]): string[] =>
    parseLink(`shoal:${V1}?${addrs.map(addr => `a=${encodeURIComponent(addr)}`).join('&')}`).addrs
  assert.deepEqual(kept(ADDR, ADDR), [ADDR])
  assert.deepEqual(kept(`/ip4/192.0.2.7/tcp/1/ipfs/${PEER}`), [`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`])
  const malformed = [
    '/ip4/192.0.2.7/tcp/4001', `/ip4/192.0.2.777/tcp/1/p2p/${PEER}`, `/ip4/192.0.2.7/tcp/70000/p2p/${PEER}`, `${ADDR}/tcp/1`,
    '/ip4/192.0.2.7/tcp/1/p2p/Qm', '/ip4/192.0.2.7/tcp/1/p2p/', `192.0.2.7:4001/p2p/${PEER}`, `/p2p-circuit/${PEER}`, '/', '',
    `/ip4/192.0.2.7/udp/1/webrtc-direct/certhash/x/p2p/${PEER}`
  ] // prettier-ignore
  assert.deepEqual(kept(...malformed), [])
  const many = Array.from({ length: 20 }, (_, port) => `/ip4/192.0.2.7/tcp/${port}/p2p/${PEER}`)
  assert.deepEqual(kept(...many), many.slice(0, 16))
})

test('a link is at most 4,096 characters, read and written', () => {
  const root = parseRoot(V1)
  const long = `shoal:${V1}?n=${'x'.repeat(4096)}`
  assert.equal(parseLink(long.slice(0, 4096)).root.toString(), V1)
  assert.throws(() => parseLink(long.slice(0, 4097)), { code: 'invalid-link' })

  const many = Array.from({ length: 20 }, (_, port) => `/ip4/192.0.2.7/tcp/${port}/p2p/${PEER}`)
  assert.deepEqual(parseLink(formatLink({ root, name: 'x', addrs: many })).addrs, many.slice(0, 8))

  const wide = formatLink({ root, name: 'ä'.repeat(600), addrs: many })
  assert.ok(wide.length <= 4096)
  assert.equal(parseLink(wide).name, 'ä'.repeat(600))
  assert.ok(parseLink(wide).addrs.length < 8)

  const wider = parseLink(formatLink({ root, name: 'ä'.repeat(1000), sizeBytes: 7, addrs: many }))
  assert.deepEqual(asText(wider), { root: V1, sizeBytes: 7, addrs: many.slice(0, 8) })
})
