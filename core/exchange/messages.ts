// The messages of the control stream, as values. PROTOCOL.md gives their bytes; encode-control.ts and decode-control.ts write and read them.

/** Why something was refused or ended. Numbers are the wire's. */
export const ExchangeCode = {
  OK: 0,
  BAD_REQUEST: 1,
  DENIED: 2,
  NOT_FOUND: 3,
  NOT_HAVE: 4,
  CHANGED: 5,
  BUSY: 6,
  LIMIT: 7,
  CANCELLED: 8,
  IO: 9,
  SHUTDOWN: 10,
  UNSUPPORTED: 11,
  PROTOCOL: 12
} as const
export type ExchangeCode = (typeof ExchangeCode)[keyof typeof ExchangeCode]

/** CHECKING: the peer re-hashes its files, SETs follow. CHANGED: its files are no longer what was shared. */
export const RootState = { READY: 0, CHECKING: 1, PARTIAL: 2, CHANGED: 3 } as const
export type RootState = (typeof RootState)[keyof typeof RootState]

/** BITS replaces the bits from `start` on; SET adds where a bit is 1, UNSET removes where a bit is 1. */
export const HaveKind = { FULL: 0, NONE: 1, BITS: 2, SET: 3, UNSET: 4 } as const
export type HaveKind = (typeof HaveKind)[keyof typeof HaveKind]

/** Consecutive ordinals from `start`. */
export interface Run {
  readonly start: number
  readonly count: number
}

export interface HelloMessage {
  version: number
  features: readonly number[]
  /** The most payload bytes the sender lets be outstanding. 0: no statement. */
  maxOutBytes: number
  /** The most runs the sender keeps queued. 0: no statement. */
  maxRequests: number
  agent: string
  /** Server to requester: 16 random bytes that name this session on its data streams. */
  nonce: Uint8Array
  /** Name of the device; empty towards public addresses. A stranger's text. */
  name: string
}

export interface OpenMessage {
  sid: number
  root: Uint8Array
}

/** Everything in it is a hint until the skeleton is complete. */
export interface InfoMessage {
  sid: number
  code: ExchangeCode
  state: RootState
  root: Uint8Array
  size: number
  leaves: number
  skeletonBytes: number
  /** When to ask again; 0: no suggestion. */
  retryMs: number
  /** A stranger's text. */
  name: string
}

/** What a peer holds of a root. `start` is a multiple of 8; bit i of byte j of `bits` is ordinal start + 8 j + i. */
export interface HaveMessage {
  kind: HaveKind
  start: number
  bits: Uint8Array
}

export type ControlMessage =
  | ({ type: 'hello' } & HelloMessage)
  | ({ type: 'open' } & OpenMessage)
  | ({ type: 'info' } & InfoMessage)
  | { type: 'skeleton'; req: number; sid: number; offset: number; maxBytes: number }
  | ({ type: 'have'; sid: number } & HaveMessage)
  | { type: 'choke'; choke: boolean; slotsBytes: number }
  | { type: 'request'; req: number; sid: number; runs: readonly Run[] }
  | { type: 'cancel'; reqs: readonly number[]; runs: readonly Run[]; sid: number; all: boolean }
  | { type: 'reject'; req: number; ordinal: number; count: number; code: ExchangeCode; retryMs: number }
  | { type: 'pex'; sid: number; records: readonly Uint8Array[] }
  | { type: 'bye'; code: ExchangeCode }
  | { type: 'close'; sid: number }

export type ControlType = ControlMessage['type']

/** How a session with a peer failed. Never shown to people; `code` is the verdict on the peer: PROTOCOL is no accident. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly code: ExchangeCode
  constructor(code: ExchangeCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A peer broke the protocol. */
export function violation(message: string): ExchangeError {
  return new ExchangeError(ExchangeCode.PROTOCOL, message)
}

/** The verdict in anything thrown while talking to a peer: what is not an ExchangeError is an IO failure. */
export function verdictOf(thrown: unknown): ExchangeCode {
  return thrown instanceof ExchangeError ? thrown.code : ExchangeCode.IO
}

/** How many control messages of each type went one way; tests hold senders to them. */
export type Counts = Record<ControlType, number>

/** All types at zero. */
export function noCounts(): Counts {
  return {
    hello: 0,
    open: 0,
    info: 0,
    skeleton: 0,
    have: 0,
    choke: 0,
    request: 0,
    cancel: 0,
    reject: 0,
    pex: 0,
    bye: 0,
    close: 0
  }
}
