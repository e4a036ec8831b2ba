// What stands behind the contract: one handler for every call and feed, derived from it.
import type { InferContractRouterInputs, InferContractRouterOutputs } from '@orpc/contract'
import type { Contract } from './contract.ts'

/** How a client came in. `cli` proved that it can read run.json and may name paths; `ui` is a browser page, `window` the desktop's: neither may. */
export type Door = 'cli' | 'ui' | 'window'

export interface Caller {
  readonly door: Door
  /** Aborted when the client stops listening or goes away. A job outlives it; a feed ends with it. */
  readonly signal: AbortSignal
}

/** What a client sends, before defaults; and what a handler is given, after validation, are the same shapes. */
export type Inputs = InferContractRouterInputs<Contract>
export type Outputs = InferContractRouterOutputs<Contract>

type Handler<In, Out> =
  Out extends AsyncIterable<infer Value>
    ? (input: In, caller: Caller) => AsyncIterable<Value>
    : (input: In, caller: Caller) => Promise<Out> | Out

/**
 * The handlers. They throw CodedError and nothing else on purpose; anything else reaches the client as `internal` and the log as itself.
 * Inputs have been validated; links, roots and grants in them are still a stranger's words.
 */
export type Service = {
  [G in keyof Contract]: {
    [C in keyof Contract[G]]: C extends keyof Inputs[G] & keyof Outputs[G]
      ? Handler<Inputs[G][C], Outputs[G][C]>
      : never
  }
}
