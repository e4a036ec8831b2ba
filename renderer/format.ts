// How numbers are written, once for every screen: decimal units, rates in MB/s, digits that do not jump.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const
const MEGA = 1_000_000
const NBSP = '\u00a0'

const ENGLISH_ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd', other: 'th' }

export interface Formats {
  /** `12.4 GB`; three significant digits from kB up. Number and unit are never parted at the end of a line. */
  bytes(bytes: number): string
  /** `12.4 of 40 GB`: both in the unit of the whole; `word` stands between them. */
  bytesOf(bytes: number, total: number, word: string): string
  /** `92 MB/s`, always that unit; below 0.1 it says `< 0.1 MB/s`. */
  rate(bytesPerSecond: number): string
  count(n: number): string
  /** `3rd`: a place in a queue. */
  ordinal(n: number): string
  percent(part: number): string
  /** As it is typed into a field: no grouping. */
  typed(n: number): string
  /** Milliseconds of a round trip. */
  latency(ms: number): string
  /** A day and a time, short. */
  day(ms: number): string
}

/** @param locale BCP 47 */
export function formatsFor(locale: string): Formats {
  const rules = new Intl.PluralRules(locale, { type: 'ordinal' })
  const endings = locale.startsWith('en') ? ENGLISH_ENDINGS : {}
  const plain = new Intl.NumberFormat(locale)
  const fine = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const part = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
  const typed = new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 6 })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const number = (value: number): string =>
    value < 100 ? trimmed(fine.format(value)) : plain.format(Math.round(value))
  const trimmed = (text: string): string => text.replace(/[.,]0$/, '')
  const inUnit = (bytes: number, unit: number): string =>
    unit === 0 ? plain.format(bytes) : number(bytes / 1000 ** unit)
  /** As wide with .0 as with .1: it changes ten times a second. */
  const moving = (bytes: number, unit: number): string => {
    const value = bytes / 1000 ** unit
    return unit === 0 || value >= 100 ? plain.format(Math.round(value)) : fine.format(value)
  }
  return {
    bytes: bytes => {
      const unit = unitOf(bytes)
      return `${inUnit(bytes, unit)}${NBSP}${UNITS[unit]}`
    },
    bytesOf: (bytes, total, word) => {
      const unit = unitOf(total)
      return `${moving(Math.min(bytes, total), unit)} ${word} ${inUnit(total, unit)}${NBSP}${UNITS[unit]}`
    },
    rate: bytesPerSecond => {
      const mega = bytesPerSecond / MEGA
      if (mega < 0.1) return `<${NBSP}${fine.format(0.1)}${NBSP}MB/s`
      return `${mega < 10 ? fine.format(mega) : plain.format(Math.round(mega))}${NBSP}MB/s`
    },
    count: n => plain.format(n),
    ordinal: n => `${plain.format(n)}${endings[rules.select(n)] ?? '.'}`,
    typed: n => typed.format(n),
    percent: value => part.format(value < 1 ? Math.min(value, 0.99) : 1), // 100 % is said when all of it is there
    latency: ms => `${ms < 10 ? fine.format(ms) : plain.format(Math.round(ms))}${NBSP}ms`,
    day: ms => day.format(ms)
  }
}

/** 999,950 bytes round to 1,000 kB: the next unit says it shorter. */
function unitOf(bytes: number): number {
  let unit = 0
  for (let rest = bytes; rest >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1; rest /= 1000) unit++
  return unit
}

export type Span = { readonly unit: 'seconds' | 'minutes' | 'hours' | 'days'; readonly n: number }

/** A time left, as coarse as an estimate deserves: five-second steps, then minutes, hours, days. */
export function spanOf(seconds: number): Span {
  if (seconds < 55) return { unit: 'seconds', n: Math.max(5, Math.ceil(seconds / 5) * 5) }
  if (seconds < 90 * 60) return { unit: 'minutes', n: Math.max(1, Math.round(seconds / 60)) }
  if (seconds < 36 * 3600) return { unit: 'hours', n: Math.round(seconds / 3600) }
  return { unit: 'days', n: Math.round(seconds / 86_400) }
}
