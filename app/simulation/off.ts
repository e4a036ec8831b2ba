import { MachineIsOff } from '../../core/simulation/machine.ts'

/** What goes on of a machine that is off may fail however it wants. */
export function isOff(thrown: unknown): boolean {
  if (thrown instanceof MachineIsOff) return true
  if (thrown instanceof SuppressedError) return isOff(thrown.error) || isOff(thrown.suppressed)
  return thrown instanceof Error && isOff(thrown.cause)
}
