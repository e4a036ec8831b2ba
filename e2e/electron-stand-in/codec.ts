// Electron's IPC copies values by the structured clone algorithm; here they travel as JSON text. The function runs in
// Node and, by its source text, in the page: it must name nothing outside itself.

/** Both ends of the text form. `encode` throws what Electron throws for what cannot be cloned. */
export function codec(): { encode: (value: unknown) => string; decode: (text: string) => unknown } {
  type Tagged = { readonly $: string; readonly v?: unknown; readonly c?: string }
  const refused = (): Error => new Error('An object could not be cloned.')
  const toBase64 = (bytes: Uint8Array): string => {
    if (typeof Buffer !== 'undefined')
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    let text = ''
    for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
    return btoa(text)
  }
  const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => {
    if (typeof Buffer !== 'undefined') return new Uint8Array(Buffer.from(text, 'base64'))
    return Uint8Array.from(atob(text), char => char.charCodeAt(0))
  }

  const encode = (value: unknown): unknown => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'undefined') return { $: 'undefined' }
    if (typeof value === 'bigint') return { $: 'bigint', v: String(value) }
    if (typeof value === 'number') {
      const isPlain = Number.isFinite(value) && !Object.is(value, -0)
      return isPlain ? value : { $: 'number', v: Object.is(value, -0) ? '-0' : String(value) }
    }
    if (typeof value !== 'object') throw refused() // a function or a symbol
    return encodeObject(value)
  }
  const encodeObject = (value: object): unknown => {
    if (Array.isArray(value)) return value.map(encode)
    if (value instanceof Date) return { $: 'date', v: value.getTime() }
    if (value instanceof Map) return { $: 'map', v: [...value].map(pair => pair.map(encode)) }
    if (value instanceof Set) return { $: 'set', v: [...value].map(encode) }
    if (value instanceof Error) return { $: 'error', v: [value.name, value.message, value.stack] }
    if (value instanceof ArrayBuffer) return { $: 'buffer', v: toBase64(new Uint8Array(value)) }
    const tag = Object.prototype.toString.call(value).slice(8, -1)
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      return { $: 'view', v: toBase64(bytes), c: tag }
    }
    if (tag !== 'Object') throw refused()
    const entries = Object.entries(value).map(([key, inner]) => [key, encode(inner)])
    const plain = Object.fromEntries(entries)
    return '$' in plain ? { $: 'object', v: plain } : plain
  }

  // Only what `encode` above wrote is read here, so the shapes are as it wrote them.
  const decode = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) return value.map(decode)
    return '$' in value ? decodeTagged(value as Tagged) : decodePlain(value)
  }
  const decodePlain = (value: object): unknown =>
    Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decode(inner)]))
  const decodeTagged = ({ $, v, c }: Tagged): unknown => {
    const list = (): unknown[] => (Array.isArray(v) ? v.map(decode) : [])
    switch ($) {
      case 'undefined':
        return undefined
      case 'bigint':
        return BigInt(String(v))
      case 'number':
        return v === '-0' ? -0 : Number(v)
      case 'date':
        return new Date(Number(v))
      case 'map':
        return new Map(list() as [unknown, unknown][])
      case 'set':
        return new Set(list())
      case 'error': {
        const [name, message, stack] = list().map(String)
        return Object.assign(new Error(message), { name, stack })
      }
      case 'buffer':
        return fromBase64(String(v)).buffer
      case 'view': {
        const bytes = fromBase64(String(v))
        const View = Reflect.get(globalThis, c ?? 'Uint8Array') as new (buffer: ArrayBuffer) => unknown
        return c === 'Uint8Array' ? bytes : new View(bytes.buffer)
      }
      default:
        return decodePlain(v as object)
    }
  }
  return { encode: value => JSON.stringify(encode(value)), decode: text => decode(JSON.parse(text)) }
}

/** A copy, as a message that stays in the process would arrive. */
export function cloneValue(value: unknown): unknown {
  const { encode, decode } = codec()
  return decode(encode(value))
}
