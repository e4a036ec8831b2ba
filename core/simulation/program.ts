// What belongs to one running program and goes with it: its descriptors and its threads.
import { DiskCalls } from './disk-calls.ts'
import type { Machine } from './machine.ts'

const calls = new WeakMap<Machine, DiskCalls>()

export function callsOf(machine: Machine): DiskCalls {
  let own = calls.get(machine)
  if (own == null) calls.set(machine, (own = new DiskCalls(machine.disk, () => machine.isOn)))
  return own
}
