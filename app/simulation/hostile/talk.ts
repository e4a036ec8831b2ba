// One control stream of a hostile peer: the real codec, and no rules.
import type { ControlMessage } from '../../../core/exchange/messages.ts'
import { ControlReader, controlFrame, writeU32 } from '../../../core/exchange/control-frames.ts'
import type { Wire } from '../../../core/simulation/wire.ts'

const UNKNOWN_TYPE = 99
const HEAD_BYTES = 4

export class Talk {
  readonly #wire: Wire
  isOver = false

  constructor(wire: Wire, onMessage: (message: ControlMessage) => void) {
    this.#wire = wire
    const reader = new ControlReader(message => message != null && onMessage(message))
    wire.onEnd(() => (this.isOver = true))
    wire.onBytes(bytes => reader.push(bytes))
  }

  say(message: ControlMessage): void {
    if (!this.isOver) this.#wire.send(controlFrame(message))
  }

  /** A message of a type that there is none of. */
  babble(bytes: number): void {
    const frame = new Uint8Array(HEAD_BYTES + 1 + bytes)
    writeU32(frame, 0, 1 + bytes)
    frame[HEAD_BYTES] = UNKNOWN_TYPE
    if (!this.isOver) this.#wire.send(frame)
  }

  hello(nonce: Uint8Array): void {
    this.say({
      type: 'hello',
      version: 1,
      features: [],
      maxOutBytes: 0,
      maxRequests: 0,
      agent: 'hostile',
      name: '',
      nonce
    })
  }

  hangUp(): void {
    if (!this.isOver) this.#wire.abort(new Error('Hung up'))
  }
}
