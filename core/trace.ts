// What happens inside, one line an event, for whoever looks for a fault (SHOAL_TRACE). A trace point is `trace.store?.('batch', { leaves })`: off, it costs the
// look at a variable, and its fields are not even made. A line says numbers, words of our own source, and the ends of peer IDs and roots: never a name,
// path, address, link or content.
import { decodeRoot, rootText } from './cid.ts'
import { CodedError } from './errors.ts'

const AREAS = ['exchange', 'fetch', 'store', 'network', 'loop'] as const
type Area = (typeof AREAS)[number]
export type TraceFields = Record<string, unknown>
type TracePoint = (event: string, fields?: TraceFields) => void

/** By area; undefined where nobody asked for it. */
export const trace: Record<Area, TracePoint | undefined> = {
  exchange: undefined,
  fetch: undefined,
  store: undefined,
  network: undefined,
  loop: undefined
}

const WORD = /^[A-Za-z][A-Za-z-]{0,23}$/
const ID = /^[A-Za-z0-9]{40,64}$/
const ID_CHARS_SHOWN = 8
const DIGITS = 3
/** The fields whose text is told: it comes from our own source, or is an ID. All other text is a stranger's or the user's. */
const TOLD: ReadonlySet<string> = new Set([
  'type',
  'reason',
  'code',
  'event',
  'via',
  'direction',
  'how',
  'work',
  'peer',
  'root'
])

/**
 * From now on, for this thread. Throws `usage` for an area there is none of.
 * @param areas separated by commas; empty or undefined: none
 * @param write gets whole lines
 * @param now the wall clock, milliseconds
 */
export function startTrace(areas: string | undefined, write: (line: string) => void, now: () => number): void {
  const wanted = (areas ?? '').split(',').flatMap(word => word.trim() || [])
  const wrong = wanted.find(word => !AREAS.some(area => area === word))
  if (wrong != null) throw new CodedError('usage', `SHOAL_TRACE knows ${AREAS.join(', ')}, and not “${wrong}”.`)
  for (const area of AREAS) {
    const point: TracePoint = (event, fields = {}) => {
      const told = Object.entries(fields).map(field => textOf(...field))
      write(`${[new Date(now()).toISOString(), area, event, ...told.filter(text => text !== '')].join(' ')}\n`)
    }
    trace[area] = wanted.includes(area) ? point : undefined
  }
}

/** Numbers and claims as they are, of lists and bytes how many, of text only what may be told. */
function textOf(name: string, value: unknown): string {
  if (typeof value === 'number') return `${name}=${Number(value.toFixed(DIGITS))}`
  if (typeof value === 'boolean') return `${name}=${value}`
  if (name === 'root' && value instanceof Uint8Array) return textOf(name, textOfRoot(value))
  if (Array.isArray(value) || value instanceof Uint8Array) return `${name}=[${value.length}]`
  if (typeof value !== 'string' || !TOLD.has(name)) return ''
  if (ID.test(value)) return `${name}=…${value.slice(-ID_CHARS_SHOWN)}`
  return WORD.test(value) ? `${name}=${value}` : ''
}

function textOfRoot(bytes: Uint8Array): string {
  try {
    return bytes.length === 0 ? '' : rootText(decodeRoot(bytes))
  } catch {
    return '' // a stranger's
  }
}
