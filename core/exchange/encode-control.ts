// Control messages to protobuf (PROTOCOL.md, "Messages"): proto3, fields in order, defaults left out.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type ControlMessage, type ControlType, type Run } from './messages.ts'

/** The type byte of a control frame. */
export const TYPE_BYTES: Record<ControlType, number> = {
  hello: 1,
  open: 2,
  info: 3,
  skeleton: 4,
  have: 5,
  choke: 6,
  request: 7,
  cancel: 8,
  reject: 9,
  pex: 10,
  bye: 11,
  close: 12
}

/** The protobuf of a message, without its frame. */
export function encodeBody(message: ControlMessage): Uint8Array {
  const out = new BinaryWriter()
  switch (message.type) {
    case 'hello':
      u32(out, 1, message.version)
      u32s(out, 2, message.features)
      u32(out, 3, message.maxOutBytes)
      u32(out, 4, message.maxRequests)
      text(out, 5, message.agent)
      bytes(out, 6, message.nonce)
      text(out, 7, message.name)
      break
    case 'open':
      u32(out, 1, message.sid)
      bytes(out, 2, message.root)
      break
    case 'info':
      u32(out, 1, message.sid)
      u32(out, 2, message.code)
      u32(out, 3, message.state)
      bytes(out, 4, message.root)
      u64(out, 5, message.size)
      u32(out, 6, message.leaves)
      u64(out, 7, message.skeletonBytes)
      u64(out, 8, message.retryMs)
      text(out, 9, message.name)
      break
    case 'skeleton':
      u32(out, 1, message.req)
      u32(out, 2, message.sid)
      u64(out, 3, message.offset)
      u32(out, 4, message.maxBytes)
      break
    case 'have':
      u32(out, 1, message.sid)
      u32(out, 2, message.kind)
      u32(out, 3, message.start)
      bytes(out, 4, message.bits)
      break
    case 'choke':
      if (message.choke) out.tag(1, WireType.Varint).bool(true)
      u32(out, 2, message.slotsBytes)
      break
    case 'request':
      u32(out, 1, message.req)
      u32(out, 2, message.sid)
      runs(out, 3, message.runs)
      break
    case 'cancel':
      u32s(out, 1, message.reqs)
      runs(out, 2, message.runs)
      u32(out, 3, message.sid)
      if (message.all) out.tag(4, WireType.Varint).bool(true)
      break
    case 'reject':
      u32(out, 1, message.req)
      u32(out, 2, message.ordinal)
      u32(out, 3, message.count)
      u32(out, 4, message.code)
      u32(out, 5, message.retryMs)
      break
    case 'pex':
      u32(out, 1, message.sid)
      for (const record of message.records) out.tag(2, WireType.LengthDelimited).bytes(record)
      break
    case 'bye':
      u32(out, 1, message.code)
      break
    case 'close':
      u32(out, 1, message.sid)
      break
    default:
      message satisfies never
  }
  return out.finish()
}

function u32(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).uint32(value)
}

function u64(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).uint64(value)
}

function u32s(out: BinaryWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return
  out.tag(field, WireType.LengthDelimited).fork()
  for (const value of values) out.uint32(value)
  out.join()
}

function bytes(out: BinaryWriter, field: number, value: Uint8Array): void {
  if (value.length !== 0) out.tag(field, WireType.LengthDelimited).bytes(value)
}

function text(out: BinaryWriter, field: number, value: string): void {
  if (value !== '') out.tag(field, WireType.LengthDelimited).string(value)
}

function runs(out: BinaryWriter, field: number, list: readonly Run[]): void {
  for (const run of list) {
    out.tag(field, WireType.LengthDelimited).fork()
    u32(out, 1, run.start)
    u32(out, 2, run.count)
    out.join()
  }
}
