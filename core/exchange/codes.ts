// What both the messages of the control stream and the frames of the data streams speak of: codes, states, runs; and the error that carries a code.

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
export function verdictOf(error: unknown): ExchangeCode {
  return error instanceof ExchangeError ? error.code : ExchangeCode.IO
}
