// Control messages to protobuf and back (PROTOCOL.md, "Messages"), as control-messages.ts describes them: proto3, fields in order, defaults left out. Fields
// and types of later versions are read over.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import type { Kind } from './control-fields.ts'
import { type Description, MESSAGES, type Sender } from './control-messages.ts'
import { MAX_RESERVED_BYTES } from './limits.ts'
import { violation } from './codes.ts'
import type { ControlMessage, Counts, MessageFrom } from './messages.ts'
import { fields } from './protobuf-reader.ts'

/** Of a message whose type is looked up only now, nothing is known of its fields but that they are its kinds'. */
type Fields = readonly (readonly [name: string, kind: Kind<unknown>])[]
type Layout = Pick<Description<Sender, unknown>, 'wrong' | 'reserved'> & {
  readonly type: string
  readonly fields: Fields
}

const LAYOUTS: ReadonlyMap<number, Layout> = new Map(
  Object.entries(MESSAGES).map(([type, { byte, fields, wrong, reserved }]) => [
    byte,
    { type, fields: Object.entries<Kind<unknown>>(fields), wrong, reserved }
  ])
)

/** The protobuf of a message, without its frame. */
export function encodeBody(message: ControlMessage): Uint8Array {
  const out = new BinaryWriter()
  const values = message as unknown as Readonly<Record<string, unknown>> // read by the names that the table gives its type
  LAYOUTS.get(MESSAGES[message.type].byte)?.fields.forEach(([name, kind], at) => kind.write(out, at + 1, values[name]))
  return out.finish()
}

/** Undefined for a type byte this version does not know: such frames are read over. Throws ExchangeError(PROTOCOL). */
export function decodeBody(typeByte: number, body: Uint8Array): ControlMessage | undefined {
  const layout = LAYOUTS.get(typeByte)
  if (layout == null) return undefined
  const start: Record<string, unknown> = { type: layout.type }
  for (const [name, kind] of layout.fields) start[name] = kind.zero()
  const message = fields(body, start, (into, field) => {
    const [name, kind] = layout.fields[field.number - 1] ?? []
    if (name != null && kind != null) into[name] = kind.read(field, into[name])
    else if (layout.reserved.includes(field.number)) field.bytes(MAX_RESERVED_BYTES)
  })
  const wrong = layout.wrong(message)
  if (wrong !== false) throw violation(wrong)
  return message as unknown as ControlMessage // its type with the fields that it has there
}

/** Throws ExchangeError(PROTOCOL) for what only the other side may say. */
export function checkSender<S extends Exclude<Sender, 'both'>>(
  message: ControlMessage,
  sender: S
): asserts message is MessageFrom<S> {
  const { from } = MESSAGES[message.type]
  if (from !== 'both' && from !== sender) throw violation(`A ${message.type} from a ${sender}`)
}

/** All types at zero. */
export function noCounts(): Counts {
  return Object.fromEntries(Object.keys(MESSAGES).map(type => [type, 0])) as Counts // a key for every type
}
