// The messages of the control stream, as values: their types derive from control-messages.ts. PROTOCOL.md gives their bytes; control-codec.ts writes and reads them.
import type { Kind } from './control-fields.ts'
import type { MESSAGES } from './control-messages.ts'

type Described = typeof MESSAGES
type Fields<T extends ControlType> = {
  -readonly [K in keyof Described[T]['fields']]: Described[T]['fields'][K] extends Kind<infer V> ? V : never
}
type Message<T extends ControlType> = { type: T } & Fields<T>

export type ControlType = keyof Described
export type ControlMessage = { [T in ControlType]: Message<T> }[ControlType]
/** What this side of a session may say. */
export type MessageFrom<S extends 'requester' | 'server'> = {
  [T in ControlType]: Described[T]['from'] extends S | 'both' ? Message<T> : never
}[ControlType]
export type InfoMessage = Fields<'info'>
export type HaveMessage = Omit<Fields<'have'>, 'sid'>

/** How many control messages of each type went one way; tests hold senders to them. */
export type Counts = Record<ControlType, number>
