// What an engine is started with, and what it runs. Plain data: it crosses to the engine's thread by structured clone.
import type { Service } from '../contract/service.ts'
import type { Limits, NetworkMode } from '../contract/shapes.ts'

export interface EngineOptions {
  /** Absolute. Locked by whoever starts the engine, for as long as it runs. */
  readonly dataDir: string
  readonly version: string
  /** True: no node is started; lists, remove and verify work, `node.info` has no addresses. For commands that ask and end. */
  readonly offline: boolean
  /** From --network or SHOAL_NETWORK; null: the saved choice, else lan. */
  readonly network: NetworkMode | null
  /** From --listen; empty: the saved port. */
  readonly listen: readonly string[]
  /** From --peer: dialled at start. */
  readonly peers: readonly string[]
  /** From --bootstrap: replaces the public bootstrappers; null: those. */
  readonly bootstrap: readonly string[] | null
  /** For this run; null: as saved. */
  readonly limits: Limits
  /** Absolute folders that a browser may share from and save to. */
  readonly folders: readonly string[]
  /** Absolute: a folder of Shoal's own that may be shared although it stands in a data directory. For the welcome files. */
  readonly ownFiles?: string
}

/** The application without a window: app/service/application.ts opens it, inside the engine's thread or, in unit tests, inline. */
export interface Application extends AsyncDisposable {
  readonly service: Service
  /** Settles when something was chosen that holds only from a start on: it is to be closed and opened again. */
  readonly outdated: Promise<void>
}

/** Rejects with a CodedError when it cannot start; `signal` stops the start half way. Disposing ends transfers, node and store, in that order. */
export type OpenApplication = (options: EngineOptions, signal: AbortSignal) => Promise<Application>
