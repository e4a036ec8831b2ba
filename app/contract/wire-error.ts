// Errors at the border: a code from the closed list and a sentence of ours, never a stranger's text and never a stack.
import { CODES, type Code, CodedError } from '../../core/errors.ts'
import type { WireError } from './shapes.ts'

const MAX_MESSAGE_CHARS = 2000

/** Flattens anything thrown into two strings: structured clone drops `code` and the prototype of an Error. */
export function toWire(error: unknown): WireError {
  if (error instanceof CodedError) return { code: error.code, message: error.message.slice(0, MAX_MESSAGE_CHARS) }
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled' }
  return { code: 'internal', message: 'Something went wrong; the log has the details' }
}

export const isCode = (text: unknown): text is Code => (CODES as readonly unknown[]).includes(text)

/** The error a client throws for what came back; a code this version does not know is `internal`. */
export function fromWire(wire: { code: unknown; message: unknown }): CodedError {
  if (!isCode(wire.code) || typeof wire.message !== 'string')
    return new CodedError('internal', 'The answer makes no sense; the running Shoal may be of another version')
  return new CodedError(wire.code, wire.message)
}
