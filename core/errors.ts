// Every way Shoal can fail, as a closed list. Plain TypeScript: no node, no DOM, so every layer may import it.

export const CODES = [
  'internal',
  'usage',
  'invalid-link',
  'unsupported-cid',
  'not-found',
  'no-providers',
  'hash-mismatch',
  'bad-content',
  'disk-full',
  'unsafe-name',
  'too-large',
  'unsupported-layout',
  'forbidden',
  'unreadable',
  'not-writable',
  'source-changed',
  'already-running',
  'data-newer',
  'data-foreign',
  'data-damaged',
  'crashed',
  'cancelled'
] as const
export type Code = (typeof CODES)[number]

/** The one error class that carries meaning. The code crosses every border, the class does not; nothing is matched by message. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: Code
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The code of anything thrown: aborts are `cancelled`, what nobody foresaw is `internal`. */
export function codeOf(error: unknown): Code {
  if (error instanceof CodedError) return error.code
  if (error instanceof Error && error.name === 'AbortError') return 'cancelled'
  return 'internal'
}
