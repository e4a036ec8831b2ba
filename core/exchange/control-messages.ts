// Every control message: its type byte, who sends it, its fields, and what must hold between them. The types (messages.ts), the bytes (control-codec.ts), who
// may say what (both sessions) and the tests' random messages derive from this. PROTOCOL.md tells the same to people, and a test compares the two.
import {
  bool,
  bytes,
  type Kind,
  manyBytes,
  oneOf,
  retryMs32,
  retryMs64,
  runs,
  text,
  u32,
  u32s,
  u64
} from './control-fields.ts'
import * as limits from './limits.ts'
import { ExchangeCode, HaveKind, RootState, type Run } from './codes.ts'

export type Sender = 'requester' | 'server' | 'both'
export interface Description<S extends Sender, F> {
  readonly byte: number
  readonly from: S
  /** Numbered from 1 as they stand: a new one goes last. */
  readonly fields: { readonly [K in keyof F]: Kind<F[K]> }
  /** What is wrong between the fields of a message that was read. */
  wrong(message: F): string | false
  /** Numbers of fields that are read over, and have a limit all the same. */
  readonly reserved: readonly number[]
}

function message<S extends Sender, F>(
  byte: number,
  from: S,
  fields: { readonly [K in keyof F]: Kind<F[K]> },
  more: { wrong?: (message: F) => string | false; reserved?: readonly number[] } = {}
): Description<S, F> {
  return { byte, from, fields, wrong: more.wrong ?? (() => false), reserved: more.reserved ?? [] }
}

/** A code of a later version is a refusal in any case. */
const code = oneOf<ExchangeCode>(ExchangeCode, ExchangeCode.UNSUPPORTED)
/** Of a state of a later version the bitmap says what is there. */
const state = oneOf<RootState>(RootState, RootState.PARTIAL)

export const MESSAGES = {
  hello: message(
    1,
    'both',
    {
      version: u32(),
      features: u32s(limits.MAX_FEATURES),
      /** The most payload bytes the sender lets be outstanding. 0: no statement. */
      maxOutBytes: u32(),
      /** The most runs the sender keeps queued. 0: no statement. */
      maxRequests: u32(),
      agent: text(limits.MAX_AGENT_BYTES),
      /** Server to requester: 16 random bytes that name this session on its data streams. */
      nonce: bytes(limits.NONCE_BYTES),
      /** Name of the device; empty towards public addresses. A stranger's text. */
      name: text(limits.MAX_NAME_BYTES)
    },
    {
      wrong: ({ version, nonce }) =>
        (version === 0 && 'A Hello without a version') ||
        (nonce.length !== 0 && nonce.length !== limits.NONCE_BYTES && 'A nonce of the wrong length')
    }
  ),
  open: message(
    2,
    'requester',
    { sid: u32(), root: bytes(limits.MAX_ROOT_BYTES) },
    { wrong: ({ sid }) => sid === 0 && 'An Open without a sid', reserved: [3, 4] }
  ),
  /** Everything in it is a hint until the skeleton is complete. */
  info: message(3, 'server', {
    sid: u32(),
    code,
    state,
    root: bytes(limits.MAX_ROOT_BYTES),
    size: u64(),
    leaves: u32(limits.MAX_LEAVES),
    skeletonBytes: u64(limits.MAX_SKELETON_BYTES),
    /** When to ask again; 0: no suggestion. */
    retryMs: retryMs64,
    /** A stranger's text. */
    name: text(limits.MAX_NAME_BYTES)
  }),
  skeleton: message(
    4,
    'requester',
    { req: u32(), sid: u32(), offset: u64(limits.MAX_SKELETON_BYTES), maxBytes: u32(limits.MAX_SKELETON_RANGE) },
    { wrong: ({ maxBytes }) => maxBytes === 0 && 'A skeleton range is empty' }
  ),
  /** What a peer holds of a root. `start` is a multiple of 8; bit i of byte j of `bits` is ordinal start + 8 j + i. */
  have: message(
    5,
    'both',
    {
      sid: u32(),
      kind: oneOf<HaveKind>(HaveKind),
      start: u32(limits.MAX_LEAVES),
      bits: bytes(limits.MAX_HAVE_BYTES)
    },
    {
      wrong: ({ kind, start, bits }) =>
        (start % 8 !== 0 && 'A Have does not start at a byte') ||
        ((kind === HaveKind.FULL || kind === HaveKind.NONE) &&
          (start !== 0 || bits.length !== 0) &&
          'A Have of everything or nothing has bits')
    }
  ),
  choke: message(6, 'server', { choke: bool, slotsBytes: u32() }),
  request: message(
    7,
    'requester',
    { req: u32(), sid: u32(), runs: runs(limits.MAX_MESSAGE_RUNS) },
    {
      wrong: asked =>
        (asked.runs.length === 0 && 'A Request for nothing') || (overlap(asked.runs) && 'The runs of a Request overlap')
    }
  ),
  cancel: message(8, 'requester', {
    reqs: u32s(limits.MAX_MESSAGE_RUNS),
    runs: runs(limits.MAX_MESSAGE_RUNS),
    sid: u32(),
    all: bool
  }),
  reject: message(9, 'server', {
    req: u32(),
    ordinal: u32(limits.MAX_LEAVES),
    count: u32(limits.MAX_LEAVES),
    code,
    retryMs: retryMs32
  }),
  pex: message(10, 'both', { sid: u32(), records: manyBytes(limits.MAX_PEX_RECORDS, limits.MAX_PEX_RECORD_BYTES) }),
  bye: message(11, 'both', { code }),
  close: message(12, 'requester', { sid: u32() }),
  /** Asks for a bulk link; `id` counts up. */
  bulkAsk: message(
    13,
    'requester',
    { id: u32(), certificate: bytes(limits.BULK_CERTIFICATE_BYTES) },
    {
      wrong: ({ id, certificate }) =>
        (id === 0 || certificate.length !== limits.BULK_CERTIFICATE_BYTES) && 'A bulk link without id or certificate'
    }
  ),
  /** Answers it, and comes again with a code when the link is over at the server. */
  bulkOffer: message(
    14,
    'server',
    {
      id: u32(),
      code,
      port: u32(65_535),
      certificate: bytes(limits.BULK_CERTIFICATE_BYTES),
      token: bytes(limits.BULK_TOKEN_BYTES)
    },
    {
      wrong: ({ code, port, certificate, token }) =>
        code === ExchangeCode.OK &&
        (port === 0 ||
          certificate.length !== limits.BULK_CERTIFICATE_BYTES ||
          token.length !== limits.BULK_TOKEN_BYTES) &&
        'A bulk link is offered without an address'
    }
  ),
  /** The link is over, or never came about: so many whole leaves arrived on it. */
  bulkLost: message(15, 'requester', { id: u32(), leaves: u32() })
}

function overlap(list: readonly Run[]): boolean {
  const sorted = list.toSorted((a, b) => a.start - b.start)
  return sorted.some((run, i) => i > 0 && (sorted[i - 1]?.start ?? 0) + (sorted[i - 1]?.count ?? 0) > run.start)
}
