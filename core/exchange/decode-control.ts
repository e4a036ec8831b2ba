// Protobuf to control messages (PROTOCOL.md, "Messages"). Every field has a limit; what breaks one throws
// ExchangeError(PROTOCOL). Unknown fields are read over, so that later versions can add some.
import * as limits from './limits.ts'
import {
  ExchangeCode,
  HaveKind,
  RootState,
  violation,
  type ControlMessage,
  type ControlType,
  type Run
} from './messages.ts'
import { fields, type Field } from './protobuf-reader.ts'
import { TYPE_BYTES } from './encode-control.ts'

const U32 = 0xffffffff

type Message<T extends ControlType> = Extract<ControlMessage, { type: T }>

/** Undefined for a type byte this version does not know: such frames are read over. Throws ExchangeError(PROTOCOL). */
export function decodeBody(typeByte: number, body: Uint8Array): ControlMessage | undefined {
  switch (typeByte) {
    case TYPE_BYTES.hello:
      return decodeHello(body)
    case TYPE_BYTES.open:
      return decodeOpen(body)
    case TYPE_BYTES.info:
      return decodeInfo(body)
    case TYPE_BYTES.skeleton:
      return decodeSkeleton(body)
    case TYPE_BYTES.have:
      return decodeHave(body)
    case TYPE_BYTES.choke:
      return fields<Message<'choke'>>(body, { type: 'choke', choke: false, slotsBytes: 0 }, (into, field) => {
        if (field.number === 1) into.choke = field.bool()
        else if (field.number === 2) into.slotsBytes = field.u32(U32)
      })
    case TYPE_BYTES.request:
      return decodeRequest(body)
    case TYPE_BYTES.cancel:
      return decodeCancel(body)
    case TYPE_BYTES.reject:
      return decodeReject(body)
    case TYPE_BYTES.pex:
      return decodePex(body)
    case TYPE_BYTES.bye:
      return fields<Message<'bye'>>(body, { type: 'bye', code: ExchangeCode.OK }, (into, field) => {
        if (field.number === 1) into.code = codeOf(field)
      })
    case TYPE_BYTES.close:
      return fields<Message<'close'>>(body, { type: 'close', sid: 0 }, (into, field) => {
        if (field.number === 1) into.sid = field.u32(U32)
      })
    default:
      return undefined
  }
}

function decodeHello(body: Uint8Array): ControlMessage {
  const features: number[] = []
  const start: Message<'hello'> = {
    type: 'hello',
    version: 0,
    features,
    maxOutBytes: 0,
    maxRequests: 0,
    agent: '',
    nonce: NO_BYTES,
    name: ''
  }
  const hello = fields(body, start, (into, field) => {
    if (field.number === 1) into.version = field.u32(U32)
    else if (field.number === 2) field.u32s(features, limits.MAX_FEATURES)
    else if (field.number === 3) into.maxOutBytes = field.u32(U32)
    else if (field.number === 4) into.maxRequests = field.u32(U32)
    else if (field.number === 5) into.agent = field.text(limits.MAX_AGENT_BYTES)
    else if (field.number === 6) into.nonce = field.bytes(limits.NONCE_BYTES)
    else if (field.number === 7) into.name = field.text(limits.MAX_NAME_BYTES)
  })
  if (hello.version === 0) throw violation('A Hello without a version')
  if (hello.nonce.length !== 0 && hello.nonce.length !== limits.NONCE_BYTES)
    throw violation('A nonce of the wrong length')
  return hello
}

function decodeOpen(body: Uint8Array): ControlMessage {
  const open = fields<Message<'open'>>(body, { type: 'open', sid: 0, root: NO_BYTES }, (into, field) => {
    if (field.number === 1) into.sid = field.u32(U32)
    else if (field.number === 2) into.root = field.bytes(limits.MAX_ROOT_BYTES)
    else if (field.number === 3 || field.number === 4) field.bytes(limits.MAX_RESERVED_BYTES)
  })
  if (open.sid === 0) throw violation('An Open without a sid')
  return open
}

function decodeInfo(body: Uint8Array): ControlMessage {
  const start: Message<'info'> = {
    type: 'info',
    sid: 0,
    code: ExchangeCode.OK,
    state: RootState.READY,
    root: NO_BYTES,
    size: 0,
    leaves: 0,
    skeletonBytes: 0,
    retryMs: 0,
    name: ''
  }
  return fields(body, start, (into, field) => {
    if (field.number === 1) into.sid = field.u32(U32)
    else if (field.number === 2) into.code = codeOf(field)
    else if (field.number === 3) into.state = stateOf(field)
    else if (field.number === 4) into.root = field.bytes(limits.MAX_ROOT_BYTES)
    else if (field.number === 5) into.size = field.u64(Number.MAX_SAFE_INTEGER)
    else if (field.number === 6) into.leaves = field.u32(limits.MAX_LEAVES)
    else if (field.number === 7) into.skeletonBytes = field.u64(limits.MAX_SKELETON_BYTES)
    else if (field.number === 8) into.retryMs = Math.min(field.u64(Number.MAX_SAFE_INTEGER), limits.MAX_RETRY_MS)
    else if (field.number === 9) into.name = field.text(limits.MAX_NAME_BYTES)
  })
}

function decodeSkeleton(body: Uint8Array): ControlMessage {
  const asked = fields<Message<'skeleton'>>(
    body,
    { type: 'skeleton', req: 0, sid: 0, offset: 0, maxBytes: 0 },
    (into, field) => {
      if (field.number === 1) into.req = field.u32(U32)
      else if (field.number === 2) into.sid = field.u32(U32)
      else if (field.number === 3) into.offset = field.u64(limits.MAX_SKELETON_BYTES)
      else if (field.number === 4) into.maxBytes = field.u32(limits.MAX_SKELETON_RANGE)
    }
  )
  if (asked.maxBytes === 0) throw violation('A skeleton range is empty')
  return asked
}

function decodeHave(body: Uint8Array): ControlMessage {
  const start: Message<'have'> = { type: 'have', sid: 0, kind: HaveKind.FULL, start: 0, bits: NO_BYTES }
  const have = fields(body, start, (into, field) => {
    if (field.number === 1) into.sid = field.u32(U32)
    else if (field.number === 2) into.kind = kindOf(field)
    else if (field.number === 3) into.start = field.u32(limits.MAX_LEAVES)
    else if (field.number === 4) into.bits = field.bytes(limits.MAX_HAVE_BYTES)
  })
  if (have.start % 8 !== 0) throw violation('A Have does not start at a byte')
  const whole = have.kind === HaveKind.FULL || have.kind === HaveKind.NONE
  if (whole && (have.start !== 0 || have.bits.length !== 0)) throw violation('A Have of everything or nothing has bits')
  return have
}

function decodeRequest(body: Uint8Array): ControlMessage {
  const list: Run[] = []
  const request = fields<Message<'request'>>(body, { type: 'request', req: 0, sid: 0, runs: list }, (into, field) => {
    if (field.number === 1) into.req = field.u32(U32)
    else if (field.number === 2) into.sid = field.u32(U32)
    else if (field.number === 3) field.run(list, limits.MAX_MESSAGE_RUNS)
  })
  if (list.length === 0) throw violation('A Request for nothing')
  const sorted = list.toSorted((a, b) => a.start - b.start)
  for (const [i, run] of sorted.entries()) {
    const before = sorted[i - 1]
    if (before != null && before.start + before.count > run.start) throw violation('The runs of a Request overlap')
  }
  return request
}

function decodeCancel(body: Uint8Array): ControlMessage {
  const reqs: number[] = []
  const list: Run[] = []
  return fields<Message<'cancel'>>(body, { type: 'cancel', reqs, runs: list, sid: 0, all: false }, (into, field) => {
    if (field.number === 1) field.u32s(reqs, limits.MAX_MESSAGE_RUNS)
    else if (field.number === 2) field.run(list, limits.MAX_MESSAGE_RUNS)
    else if (field.number === 3) into.sid = field.u32(U32)
    else if (field.number === 4) into.all = field.bool()
  })
}

function decodeReject(body: Uint8Array): ControlMessage {
  const start: Message<'reject'> = { type: 'reject', req: 0, ordinal: 0, count: 0, code: ExchangeCode.OK, retryMs: 0 }
  return fields(body, start, (into, field) => {
    if (field.number === 1) into.req = field.u32(U32)
    else if (field.number === 2) into.ordinal = field.u32(limits.MAX_LEAVES)
    else if (field.number === 3) into.count = field.u32(limits.MAX_LEAVES)
    else if (field.number === 4) into.code = codeOf(field)
    else if (field.number === 5) into.retryMs = Math.min(field.u32(U32), limits.MAX_RETRY_MS)
  })
}

function decodePex(body: Uint8Array): ControlMessage {
  const records: Uint8Array[] = []
  return fields<Message<'pex'>>(body, { type: 'pex', sid: 0, records }, (into, field) => {
    if (field.number === 1) into.sid = field.u32(U32)
    else if (field.number === 2) records.push(field.bytes(limits.MAX_PEX_RECORD_BYTES))
    if (records.length > limits.MAX_PEX_RECORDS) throw violation('A Pex with too many records')
  })
}

const NO_BYTES = new Uint8Array(0)
const known = <T extends number>(values: Record<string, T>): ReadonlySet<number> => new Set(Object.values(values))
const CODES = known(ExchangeCode)
const STATES = known(RootState)
const KINDS = known(HaveKind)

/** A code of a later version is read as UNSUPPORTED: it is a refusal in any case. */
function codeOf(field: Field): ExchangeCode {
  const value = field.u32(U32)
  return CODES.has(value) ? (value as ExchangeCode) : ExchangeCode.UNSUPPORTED // a member: just looked up
}

/** A state of a later version is read as PARTIAL: the bitmap says what is there. */
function stateOf(field: Field): RootState {
  const value = field.u32(U32)
  return STATES.has(value) ? (value as RootState) : RootState.PARTIAL // a member: just looked up
}

function kindOf(field: Field): HaveKind {
  const value = field.u32(U32)
  if (!KINDS.has(value)) throw violation('A Have of an unknown kind')
  return value as HaveKind // a member: just looked up
}
