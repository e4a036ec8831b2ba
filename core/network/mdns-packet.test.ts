import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeAnswer, encodeQuery, MAX_PACKET_BYTES, parseMdns } from './mdns-packet.ts'

const PEER = '12D3KooWQAb9EWTwmLEnL9HQE4iSxK5zNN9wnoYSztEFvTctQyCd'
const label = fc.stringMatching(/^[a-z0-9]{1,63}$/)
const addr = fc
  .tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }))
  .map(([ip, port]) => `/ip4/${ip}/tcp/${port}/p2p/${PEER}`)

test('a query is understood', () => assert.deepEqual(parseMdns(encodeQuery()), { type: 'query' }))

test('an answer arrives with the addresses that fit one packet', () => {
  fc.assert(
    fc.property(label, fc.array(addr, { minLength: 1, maxLength: 20 }), (name, addrs) => {
      const bytes = encodeAnswer(name, addrs)
      assert.ok(bytes.byteLength <= MAX_PACKET_BYTES)
      const packet = parseMdns(bytes)
      assert.ok(packet?.type === 'answer' && packet.addrs.length > 0)
      assert.deepEqual(packet.addrs, addrs.slice(0, packet.addrs.length))
      assert.ok(packet.addrs.length === addrs.length || packet.addrs.length >= 5)
    }),
    { numRuns: 100 }
  )
})

test('any bytes give an answer, and quickly', () => {
  const valid = encodeAnswer('peer', [`/ip4/10.0.0.1/tcp/1/p2p/${PEER}`])
  const mutated = fc
    .array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map(changes => {
      const bytes = Uint8Array.from(valid)
      for (const [at, to] of changes) bytes[at] = to
      return bytes
    })
  const cut = fc.nat({ max: valid.length }).map(length => valid.subarray(0, length))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1500 }), mutated, cut), bytes => {
      parseMdns(bytes)
    }),
    { numRuns: 2000 }
  )
})

/** As Avahi and dns-packet write: compressed names, TXT among the additional records, other records between. */
test('an answer in another implementation’s spelling is understood', () => {
  const text = Buffer.from(`dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/${PEER}`)
  const bytes = Buffer.concat([
    Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 2]),
    Buffer.from('\x04_P2P\x04_udp\x05local\x00', 'latin1'), // at 12
    Buffer.from([0, 12, 0, 1, 0, 0, 0, 120, 0, 4, 1, 0x61, 0xc0, 12]), // PTR a.<at 12>; the instance name is at 39
    Buffer.from([0xc0, 39, 0, 33, 0x80, 1, 0, 0, 0, 120, 0, 7, 0, 0, 0, 0, 0, 1, 0]), // SRV
    Buffer.from([0xc0, 39, 0, 16, 0x80, 1, 0, 0, 0, 120, 0, text.length + 1, text.length]),
    text
  ])
  assert.equal(bytes.indexOf('\x01a'), 39)
  assert.deepEqual(parseMdns(bytes), { type: 'answer', addrs: [`/ip4/10.0.0.1/tcp/1/p2p/${PEER}`] })
})

test('names that point at themselves or forward end the packet, not the program', () => {
  const looping = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1])
  const forward = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 16, 0, 12, 0, 1, 0])
  assert.equal(parseMdns(looping), undefined)
  assert.equal(parseMdns(forward), undefined)
})

test('other services’ packets are not ours', () => {
  const other = Buffer.from(encodeQuery())
  other.write('_ipp', 13, 'latin1')
  assert.equal(parseMdns(other), undefined)
  const goodbye = Buffer.from(encodeAnswer('peer', [`/ip4/10.0.0.1/tcp/1/p2p/${PEER}`]))
  const ttlAt = 12 + 17 + 4
  goodbye.writeUInt32BE(0, ttlAt)
  assert.equal(parseMdns(goodbye), undefined, 'a TTL of 0 says that it leaves (RFC 6762, 10.1)')
})
