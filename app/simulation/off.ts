import { MachineIsOff } from '../../core/simulation/machine.ts'

/** What goes on of a machine that is off may fail however it wants. */
export function isOff(thrown: unknown): boolean {
  for (let it = thrown; it instanceof Error; it = it.cause) if (it instanceof MachineIsOff) return true
  return false
}
