// What stands behind the contract: one handler for every call and feed, derived from it.
import type { AnyContractRouter, InferContractRouterInputs, InferContractRouterOutputs } from '@orpc/contract'
import type { Contract } from './contract.ts'
import type { WindowContract } from './window-contract.ts'

/** How a client came in. `cli` proved that it can read run.json and may name paths; `ui` is a browser page, `window` the desktop's: neither may. */
export type Door = 'cli' | 'ui' | 'window'

export interface Caller {
  readonly door: Door
  /** Aborted when the client stops listening or goes away. A job outlives it; a feed ends with it. */
  readonly signal: AbortSignal
}

type Handler<In, Out> =
  Out extends AsyncIterable<infer Value>
    ? (input: In, caller: Caller) => AsyncIterable<Value>
    : (input: In, caller: Caller) => Promise<Out> | Out

/**
 * The handlers of a contract. They throw CodedError and nothing else on purpose; anything else reaches the client as `internal` and the log as itself.
 * Inputs have been validated; links, roots and grants in them are still a stranger's words.
 */
export type ServiceOf<
  C extends AnyContractRouter,
  In = InferContractRouterInputs<C>,
  Out = InferContractRouterOutputs<C>
> = {
  [G in keyof C]: {
    [K in keyof C[G]]: G extends keyof In & keyof Out
      ? K extends keyof In[G] & keyof Out[G]
        ? Handler<In[G][K], Out[G][K]>
        : never
      : never
  }
}

/** What a client sends, before defaults; and what a handler is given, after validation, are the same shapes. */
export type Inputs = InferContractRouterInputs<Contract>
export type Outputs = InferContractRouterOutputs<Contract>
export type Service = ServiceOf<Contract>
export type WindowService = ServiceOf<WindowContract>
