// Opens a simulated stream: the far side hears of it, and answers.
import type { Side, SimulatedProtocol } from './connection.ts'
import { peerOfMachine } from './internet.ts'
import { Wire } from './wire.ts'

const OPEN_TIMEOUT_MS = 10_000
/** What negotiating a protocol takes, each way. */
const NEGOTIATION_BYTES = 64

/** Rejects when the connection ends, or nothing answers in time. */
export async function openWire(side: Side, protocol: SimulatedProtocol): Promise<Wire> {
  const opened = Promise.withResolvers<Wire>()
  const near = new Wire(side)
  const cancel = side.machine.after(OPEN_TIMEOUT_MS, 'net.open-timeout', () => {
    near.end(new Error('No answer'))
    opened.reject(new Error('No answer'))
  })
  near.onEnd(error => opened.reject(error ?? new Error('The connection has ended')))
  side.transmit(
    NEGOTIATION_BYTES,
    () => {},
    () => {
      const { far } = side
      const wire = new Wire(far)
      wire.join(near)
      near.join(wire)
      const from = peerOfMachine(side.machine)
      from.internet.ports.onStream(protocol, near, wire, from.peerId, peerOfMachine(far.machine).peerId)
      far.onStream(protocol, wire)
      far.transmit(
        NEGOTIATION_BYTES,
        () => {},
        () => {
          cancel()
          opened.resolve(near)
        }
      )
    }
  )
  if (!side.isOpen) near.end(new Error('The connection has ended'))
  return opened.promise
}
