import { ExchangeCode } from '../exchange/codes.ts'
import type { RejectReason } from './inputs-and-effects.ts'

const REASONS: Record<ExchangeCode, RejectReason> = {
  [ExchangeCode.OK]: 'protocol', // a Reject that says OK says nothing
  [ExchangeCode.BAD_REQUEST]: 'bad-request',
  [ExchangeCode.DENIED]: 'denied',
  [ExchangeCode.NOT_FOUND]: 'not-found',
  [ExchangeCode.NOT_HAVE]: 'not-have',
  [ExchangeCode.CHANGED]: 'changed',
  [ExchangeCode.BUSY]: 'busy',
  [ExchangeCode.LIMIT]: 'limit',
  [ExchangeCode.CANCELLED]: 'cancelled',
  [ExchangeCode.IO]: 'io',
  [ExchangeCode.SHUTDOWN]: 'shutdown',
  [ExchangeCode.UNSUPPORTED]: 'unsupported',
  [ExchangeCode.PROTOCOL]: 'protocol'
}

/** What a peer's Reject means to the scheduler. */
export function reasonOf(code: ExchangeCode): RejectReason {
  return REASONS[code]
}
