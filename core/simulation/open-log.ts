// What simulated code gets in place of app/service/log.ts: whoever watches over a simulation is told.
import { findMachine } from './machine.ts'

export function openLog() {
  const machine = findMachine()
  return {
    info: (event: string) => machine?.onLog('info', event, undefined),
    error: (event: string, thrown: unknown) => machine?.onLog('error', event, thrown)
  }
}
