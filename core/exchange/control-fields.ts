// The kinds of fields a control message has: how a value is written, how it is read and what is too much, and what it is when it was left out (proto3: what
// has its default is not written).
import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MAX_RETRY_MS } from './limits.ts'
import { violation, type Run } from './codes.ts'
import type { Field } from './protobuf-reader.ts'

export interface Kind<T> {
  readonly is: 'number' | 'bool' | 'text' | 'bytes' | 'numbers' | 'runs' | 'many bytes'
  /** The most: of a number its value, of bytes and text how many bytes, of what may be there several times how many. */
  readonly max: number
  /** Of a message in which the field was left out. Never shared: `read` may add to it. */
  zero(): T
  write(out: BinaryWriter, field: number, value: T): void
  /** One occurrence; `before` is what those before it made. Throws ExchangeError(PROTOCOL) over the limit. */
  read(field: Field, before: T): T
}

const U32 = 0xffffffff

/** At most `max`. */
export const u32 = (max = U32): Kind<number> => ({
  is: 'number',
  max,
  zero: () => 0,
  write: writeU32,
  read: field => field.u32(max)
})

/** At most `max`, at most 2^53 - 1. */
export const u64 = (max = Number.MAX_SAFE_INTEGER): Kind<number> => ({
  is: 'number',
  max,
  zero: () => 0,
  write: writeU64,
  read: field => field.u64(max)
})

/** When to ask again: longer than MAX_RETRY_MS is read as that. */
export const retryMs32: Kind<number> = { ...u32(MAX_RETRY_MS), read: field => Math.min(field.u32(U32), MAX_RETRY_MS) }
export const retryMs64: Kind<number> = {
  ...u64(MAX_RETRY_MS),
  read: field => Math.min(field.u64(Number.MAX_SAFE_INTEGER), MAX_RETRY_MS)
}

export const bool: Kind<boolean> = {
  is: 'bool',
  max: 1,
  zero: () => false,
  write: (out, field, value) => value && out.tag(field, WireType.Varint).bool(true),
  read: field => field.bool()
}

/** One of the numbers; another one, of a later version, is read as `later`, or is a violation when there is none. The default is 0. */
export const oneOf = <T extends number>(values: Readonly<Record<string, T>>, later?: T): Kind<T> => {
  const known = new Set<number>(Object.values(values))
  return {
    is: 'number',
    max: Math.max(...known),
    zero: () => 0 as T, // every list of numbers has a 0, as proto3 wants it
    write: writeU32,
    read(field) {
      const value = field.u32(U32)
      if (known.has(value)) return value as T // a member: just looked up
      if (later == null) throw violation(`Field ${field.number} has an unknown value`)
      return later
    }
  }
}

/** UTF-8, at most `maxBytes`. */
export const text = (maxBytes: number): Kind<string> => ({
  is: 'text',
  max: maxBytes,
  zero: () => '',
  write: (out, field, value) => value !== '' && out.tag(field, WireType.LengthDelimited).string(value),
  read: field => field.text(maxBytes)
})

/** At most `maxBytes`. */
export const bytes = (maxBytes: number): Kind<Uint8Array> => ({
  is: 'bytes',
  max: maxBytes,
  zero: () => NO_BYTES,
  write: (out, field, value) => value.length > 0 && out.tag(field, WireType.LengthDelimited).bytes(value),
  read: field => field.bytes(maxBytes)
})

/** At most `max` of them, packed. */
export const u32s = (max: number): Kind<readonly number[]> =>
  list({
    is: 'numbers',
    max,
    write(out, field, values) {
      if (values.length === 0) return
      out.tag(field, WireType.LengthDelimited).fork()
      for (const value of values) out.uint32(value)
      out.join()
    },
    add: (field, values) => field.u32s(values, max)
  })

/** At most `max` of them, none empty. */
export const runs = (max: number): Kind<readonly Run[]> =>
  list({
    is: 'runs',
    max,
    write(out, field, values) {
      for (const run of values) {
        out.tag(field, WireType.LengthDelimited).fork()
        writeU32(out, 1, run.start)
        writeU32(out, 2, run.count)
        out.join()
      }
    },
    add: (field, values) => field.run(values, max)
  })

/** At most `max` of them, each of at most `maxBytes`. */
export const manyBytes = (max: number, maxBytes: number): Kind<readonly Uint8Array[]> =>
  list({
    is: 'many bytes',
    max,
    write(out, field, values) {
      for (const value of values) out.tag(field, WireType.LengthDelimited).bytes(value)
    },
    add(field, values) {
      values.push(field.bytes(maxBytes))
      if (values.length > max) throw violation(`Field ${field.number} comes too often`)
    }
  })

interface List<T> extends Pick<Kind<T>, 'is' | 'max'> {
  write(out: BinaryWriter, field: number, values: readonly T[]): void
  add(field: Field, values: T[]): void
}

function list<T>({ is, max, write, add }: List<T>): Kind<readonly T[]> {
  return {
    is,
    max,
    zero: () => [],
    write,
    read(field, before) {
      const values = before as T[] // made by `zero`
      add(field, values)
      return values
    }
  }
}

const NO_BYTES = new Uint8Array(0)

function writeU32(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).uint32(value)
}

function writeU64(out: BinaryWriter, field: number, value: number): void {
  if (value !== 0) out.tag(field, WireType.Varint).uint64(value)
}
