// How a process ends, for other programs: PRODUCT.md, "Exit codes".
import type { Code } from '../../core/errors.ts'

export const EXIT_CODES: Readonly<Record<Code, number>> = {
  internal: 1,
  crashed: 1,
  usage: 2,
  'invalid-link': 2,
  'unsupported-cid': 2,
  'not-found': 2,
  'no-providers': 3,
  'hash-mismatch': 4,
  'bad-content': 4,
  'disk-full': 5,
  'unsafe-name': 6,
  'too-large': 6,
  'unsupported-layout': 6,
  forbidden: 6,
  unreadable: 6,
  'not-writable': 6,
  'source-changed': 7,
  'already-running': 8,
  'data-newer': 8,
  'data-foreign': 8,
  'data-damaged': 8,
  cancelled: 130
}
