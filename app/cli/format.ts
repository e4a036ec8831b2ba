// Numbers as people read them: decimal units, one format everywhere (PRODUCT.md, "Words on the screen").

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** "12.4 MB", "999 B", "40.0 GB" */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** "92.1 MB/s" */
export const formatRate = (bytesPerSecond: number): string => `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`

/** "12 s", "5 min", "3 h 20 min", "2 days" */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} days`
}

// what turns text around, breaks lines as a newline does, or is a control character that JSON leaves as it is
const UNSEEN = '\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069'
const IN_TEXT = new RegExp(`[\\u0000-\\u001f${UNSEEN}]`, 'g')
const IN_JSON = new RegExp(`[${UNSEEN}]`, 'g')

/** One line of text, harmless on a terminal whoever chose it: control and bidi characters become a visible mark each. */
export const plain = (text: string): string => text.replace(IN_TEXT, '\uFFFD')

/** One line of JSON, harmless on a terminal; parses to the same value. */
export const plainJson = (value: object): string =>
  JSON.stringify(value).replace(IN_JSON, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Columns as wide as their widest cell, two spaces apart. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  return rows.map(row => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd()) // prettier-ignore
}
