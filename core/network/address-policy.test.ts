import assert from 'node:assert/strict'
import { isIPv4 } from 'node:net'
import { describe, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import {
  ipGroup,
  mayDial,
  mayLearn,
  mayListen,
  type NetworkMode,
  parseMultiaddr,
  type Scope,
  scopeOf,
  scopeOfIp
} from './address-policy.ts'

const PEER = '12D3KooWQAb9EWTwmLEnL9HQE4iSxK5zNN9wnoYSztEFvTctQyCd'
const MODES: NetworkMode[] = ['loopback', 'lan', 'internet']

const SCOPES: [string, Scope | undefined][] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.7.7', 'private'],
  ['fd00::1', 'private'],
  ['fe80::1', 'private'],
  ['febf::1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['8.8.8.8', 'public'],
  ['172.32.0.1', 'public'],
  ['100.64.0.1', 'public'],
  ['192.0.2.1', 'public'],
  ['203.0.113.9', 'public'],
  ['2001:db8::1', 'public'],
  ['2606:4700::1', 'public'],
  ['::ffff:8.8.8.8', 'public'],
  ['64:ff9b::808:808', 'public'],
  ['64:ff9b::7f00:1', undefined],
  ['64:ff9b::c0a8:101', undefined],
  ['0.0.0.0', undefined],
  ['0.1.2.3', undefined],
  ['224.0.0.251', undefined],
  ['240.0.0.1', undefined],
  ['255.255.255.255', undefined],
  ['::', undefined],
  ['::ffff:0.0.0.0', undefined],
  ['::ffff:224.0.0.1', undefined],
  ['::8.8.8.8', undefined],
  ['::127.0.0.1', undefined],
  ['::ffff:0:127.0.0.1', undefined],
  ['2002:7f00:1::', undefined],
  ['2001:0:4136:e378::1', undefined],
  ['ff02::fb', undefined],
  ['fec0::1', undefined],
  ['100::1', undefined],
  ['localhost', undefined],
  ['', undefined]
]

describe('scopeOfIp', () => {
  for (const [text, scope] of SCOPES) {
    test(`${text || '(empty)'} is ${scope ?? 'refused'}`, () => assert.equal(scopeOfIp(text), scope))
  }
})

describe('scopeOf', () => {
  const cases: [string, Scope | undefined][] = [
    ['/ip4/127.0.0.1/tcp/4801', 'loopback'],
    [`/ip4/127.0.0.1/tcp/4801/p2p/${PEER}`, 'loopback'],
    ['/ip6/::1/tcp/4801', 'loopback'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/4801', 'private'],
    ['/ip6zone/lo/ip6/::1/tcp/4801', undefined],
    ['/dns4/localhost/tcp/4801', 'public'],
    ['/dns/example.com/tcp/443', 'public'],
    [`/dnsaddr/example.com/p2p/${PEER}`, 'public'],
    ['/ip4/127.0.0.1/tcp/0', undefined],
    ['/ip4/127.0.0.1', undefined],
    ['/ip4/127.0.0.1/udp/4801', undefined],
    ['/ip4/127.0.0.1/udp/4801/quic-v1', undefined],
    ['/ip4/127.0.0.1/tcp/4801/ws', undefined],
    ['/ip4/127.0.0.1/tcp/4801/ip4/8.8.8.8/tcp/1', undefined],
    ['/ip4/127.0.0.1/ipcidr/8/tcp/4801', undefined],
    ['/unix/%2Ftmp%2Fsocket', undefined],
    [`/p2p/${PEER}`, undefined],
    [`/ip4/10.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`, 'private'],
    [`/ip4/127.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit`, 'loopback'],
    [`/ip4/127.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/ip4/8.8.8.8/tcp/1/p2p/${PEER}`, 'public'],
    [`/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit/ip4/127.0.0.1/tcp/1`, 'public'],
    [`/ip4/127.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/ip4/224.0.0.1/tcp/1`, undefined],
    [`/ip4/127.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}/p2p-circuit`, undefined],
    [`/ip4/127.0.0.1/tcp/1/p2p-circuit`, undefined]
  ]
  for (const [text, scope] of cases) {
    test(`${text} is ${scope ?? 'refused'}`, () => assert.equal(scopeOf(multiaddr(text)), scope))
  }
})

const ip4 = fc.ipV4()
const ip6 = fc.ipV6()
const host = fc.oneof(
  ip4.map(ip => `/ip4/${ip}`),
  ip6.map(ip => `/ip6/${ip}`),
  ip4.map(ip => `/ip6/::ffff:${ip}`),
  fc.domain().map(name => `/dns4/${name}`)
)
const addr = fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map(([at, port]) => multiaddr(`${at}/tcp/${port}`))

test('a wider mode never forbids what a narrower one allows', () => {
  fc.assert(
    fc.property(addr, it => {
      const [loopback, lan, internet] = MODES.map(mode => mayDial(mode, it))
      assert.ok((!loopback || lan) && (!lan || internet))
    }),
    { numRuns: 500 }
  )
})

test('loopback mode dials 127.0.0.0/8 and ::1, in whatever form they are written, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        ip4,
        ip4.map(it => it.replace(/^\d+/, '127')),
        ip6
      ),
      ip => {
        const forms = isIPv4(ip) ? [`/ip4/${ip}`, `/ip6/::ffff:${ip}`] : [`/ip6/${ip}`]
        const isLoopback = isIPv4(ip) ? ip.startsWith('127.') : new URL(`http://[${ip}]`).hostname === '[::1]'
        for (const form of forms) assert.equal(mayDial('loopback', multiaddr(`${form}/tcp/1`)), isLoopback, form)
      }
    ),
    { numRuns: 500 }
  )
})

test('what may be learned may be dialled; strangers on the internet name public addresses only', () => {
  fc.assert(
    fc.property(addr, fc.constantFrom(...MODES), fc.boolean(), (it, mode, near) => {
      if (!mayLearn(mode, it, near)) return
      assert.ok(mayDial(mode, it))
      if (mode === 'internet' && !near) assert.equal(scopeOf(it), 'public')
    }),
    { numRuns: 500 }
  )
})

test('any bytes and any text give an answer, never an exception', () => {
  const fuzz = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.string(),
    fc.string().map(text => `/ip4/${text}/tcp/1`)
  )
  fc.assert(
    fc.property(fuzz, fc.constantFrom(...MODES), (input, mode) => {
      const parsed = parseMultiaddr(input)
      if (parsed == null) return
      mayDial(mode, parsed)
      mayListen(mode, parsed)
      ipGroup(parsed)
    }),
    { numRuns: 1000 }
  )
})

describe('mayListen', () => {
  const cases: [NetworkMode, string, boolean][] = [
    ['loopback', '/ip4/127.0.0.1/tcp/0', true],
    ['loopback', '/ip6/::1/tcp/0', true],
    ['loopback', '/ip4/0.0.0.0/tcp/0', false],
    ['loopback', '/ip6/::/tcp/0', false],
    ['loopback', '/ip4/192.168.1.2/tcp/0', false],
    ['lan', '/ip4/0.0.0.0/tcp/4801', true],
    ['lan', '/ip4/192.168.1.2/tcp/4801', true],
    ['lan', '/ip4/203.0.113.1/tcp/4801', false],
    ['internet', '/ip4/203.0.113.1/tcp/4801', true],
    ['internet', '/ip4/224.0.0.1/tcp/4801', false],
    ['internet', '/dns4/example.com/tcp/4801', false],
    ['internet', '/unix/%2Ftmp%2Fsocket', false]
  ]
  for (const [mode, text, expected] of cases) {
    test(`${mode}: ${text} ${expected}`, () => assert.equal(mayListen(mode, multiaddr(text)), expected))
  }
})

test('connections are counted by IPv4 address and by IPv6 /64', () => {
  const group = (text: string): string | undefined => ipGroup(multiaddr(`${text}/tcp/1`))
  assert.equal(group('/ip4/8.8.8.8'), group('/ip6/::ffff:8.8.8.8'))
  assert.equal(group('/ip6/2001:db8::1'), group('/ip6/2001:db8::ffff:2'))
  assert.notEqual(group('/ip6/2001:db8::1'), group('/ip6/2001:db8:0:1::1'))
  assert.equal(group('/dns4/example.com'), undefined)
})
