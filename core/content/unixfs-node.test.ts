import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError } from '../errors.ts'
import type { Crafted } from '../testing/crafted-dag.ts'
import {
  DIRECTORY,
  FILE,
  SYMLINK,
  accepted,
  asV0,
  blockOf,
  bytes,
  directory,
  leaf,
  node,
  number,
  refused,
  unixfs
} from '../testing/crafted-dag.ts'
import { parseNode } from './unixfs-node.ts'

// Blocks that are not what dag-pb, UnixFS or a CID may look like; what folders and files may be together is in refusals.test.ts.

const x = leaf('x')

// CIDs

const withCid = (cid: Buffer): Crafted =>
  node({ type: DIRECTORY }, [{ to: { cid, below: [] }, name: 'a', dagBytes: 1 }])
const digest = x.cid.subarray(-32)
accepted(
  'CIDv0 links',
  () => directory({ d: asV0(directory({ x })) }),
  layout => assert.deepEqual(layout.folders, [['d']])
)
refused('dag-cbor', 'unsupported-cid', () => withCid(Buffer.concat([Buffer.of(1, 0x71, 0x12, 32), digest])))
refused('sha2-512', 'unsupported-cid', () => withCid(Buffer.concat([Buffer.of(1, 0x70, 0x13, 64), digest, digest])))
refused('the identity hash', 'unsupported-cid', () => withCid(Buffer.of(1, 0x55, 0, 1, 0x78)))
refused('a digest cut short', 'unsupported-cid', () =>
  withCid(Buffer.concat([Buffer.of(1, 0x55, 0x12, 31), digest.subarray(1)]))
)
refused('no CID', 'bad-content', () => withCid(Buffer.from('nonsense')))
refused('a CID and more', 'bad-content', () => withCid(Buffer.concat([x.cid, Buffer.of(0)])))
refused('an empty CID', 'bad-content', () => withCid(Buffer.alloc(0)))

// Protobuf

const flat = unixfs({ type: DIRECTORY })
const aLink = Buffer.concat([bytes(1, x.cid), bytes(2, 'a'), number(3, 1)])
const malformed: Record<string, Buffer> = {
  'two data fields': Buffer.concat([bytes(1, flat), bytes(1, flat)]),
  'links around the data': Buffer.concat([bytes(2, aLink), bytes(1, flat), bytes(2, bytes(1, x.cid))]),
  'an unknown field': Buffer.concat([bytes(1, flat), bytes(3, '')]),
  'an unknown field in a link': Buffer.concat([bytes(2, Buffer.concat([aLink, number(4, 1)])), bytes(1, flat)]),
  'a number where bytes belong': Buffer.concat([number(1, 1)]),
  'bytes where a number belongs': bytes(1, Buffer.concat([flat, bytes(3, 'x')])),
  'a link without a CID': Buffer.concat([bytes(2, bytes(2, 'a')), bytes(1, flat)]),
  'name before CID': Buffer.concat([bytes(2, Buffer.concat([bytes(2, 'a'), bytes(1, x.cid)])), bytes(1, flat)]),
  'two names': Buffer.concat([
    bytes(2, Buffer.concat([bytes(1, x.cid), bytes(2, 'a'), bytes(2, 'b')])),
    bytes(1, flat)
  ]),
  'two types': bytes(1, Buffer.concat([flat, flat])),
  'two targets': bytes(1, Buffer.concat([unixfs({ type: SYMLINK, data: 'a' }), bytes(2, 'b')])),
  'a field cut short': bytes(1, flat).subarray(0, -1),
  'a varint cut short': Buffer.of(0x0a, 0xff),
  'a varint of eleven bytes': bytes(1, Buffer.concat([flat, Buffer.of(0x18), Buffer.alloc(10, 0x80), Buffer.of(0)])),
  'a number beyond 2^53': bytes(1, Buffer.concat([flat, Buffer.of(0x18), Buffer.alloc(8, 0xff), Buffer.of(1)])),
  'an unknown wire type': bytes(1, Buffer.concat([flat, Buffer.of(0x7b)])),
  'an unknown varint of eleven bytes': bytes(
    1,
    Buffer.concat([flat, Buffer.of(0x78), Buffer.alloc(10, 0x80), Buffer.of(0)])
  ),
  'an unknown fixed64 cut short': bytes(1, Buffer.concat([flat, Buffer.of(0x79, 1, 2)]))
}
for (const [what, block] of Object.entries(malformed)) refused(what, 'bad-content', () => blockOf(block))
accepted(
  'mode, time and unknown UnixFS fields are stepped over',
  () => {
    const more = Buffer.concat([
      number(7, 0o644),
      bytes(8, number(1, 5)),
      Buffer.of(0x79, 1, 2, 3, 4, 5, 6, 7, 8),
      Buffer.of(0x7d, 1, 2, 3, 4)
    ])
    const negative = Buffer.concat([Buffer.of(0x78), Buffer.alloc(9, 0xff), Buffer.of(1)])
    return blockOf(bytes(1, Buffer.concat([flat, more, negative])))
  },
  layout => assert.equal(layout.kind, 'folder')
)

test('a block is refused by itself, before anything it links to is looked at', () => {
  const lone = [
    node({ type: FILE, blockSizes: [2 ** 53 - 1, 2 ** 53 - 1] }, [{ to: x }, { to: x }]),
    node({ type: SYMLINK, data: 't' }, [{ to: x }])
  ]
  for (const { block } of lone) {
    assert.throws(
      () => parseNode(block ?? Buffer.alloc(0)),
      error => error instanceof CodedError && error.code === 'bad-content'
    )
  }
})
