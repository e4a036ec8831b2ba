// What the handlers stand on, made by the application; and what only some doors may ask.
import { CodedError } from '../../../core/errors.ts'
import type { DataDirs } from '../../../core/files/data-dirs.ts'
import type { Network } from '../../../core/network/network.ts'
import type { Store } from '../../../core/store/store.ts'
import type { Door } from '../../contract/service.ts'
import type { NetworkMode } from '../../contract/shapes.ts'
import type { Connections } from '../connections.ts'
import type { Folders } from '../folders.ts'
import type { Grants } from '../grants.ts'
import type { Log } from '../log.ts'
import type { RunLimits } from '../run-limits.ts'
import type { SettingsFile } from '../settings.ts'
import type { ShareJobs } from '../share-jobs.ts'
import type { Shares } from '../shares.ts'
import type { Transfers } from '../transfers.ts'
import type { Welcome } from '../welcome.ts'

export interface HandlerParts {
  readonly version: string
  readonly listen: readonly string[]
  readonly mode: NetworkMode
  readonly settings: SettingsFile
  readonly store: Store
  readonly peerId: string
  /** These two are there together, or not at all when offline. */
  readonly network: Network | undefined
  readonly connections: Connections | undefined
  readonly shares: Shares
  readonly jobs: ShareJobs
  readonly transfers: Transfers
  readonly grants: Grants
  readonly folders: Folders
  readonly dataDirs: DataDirs
  readonly limits: RunLimits
  /** The folder for downloads when none is named. */
  readonly downloads: () => string
  /** What the index takes on the disk. */
  readonly indexBytes: () => number
  readonly welcome: Welcome
  readonly log: Log
}

/** Paths are named and told at the command line's door alone. */
export function cliOnly(door: Door): void {
  if (door !== 'cli') throw new CodedError('forbidden', 'Only the command line may name paths.')
}

/** A page gets bytes by HTTP, where it can be slowed down, not in messages. */
export function hostOnly(door: Door): void {
  if (door !== 'cli') throw new CodedError('forbidden', 'Only the host may read files of a share this way.')
}

export const noNetwork = (): CodedError => new CodedError('no-providers', 'This Shoal was started without a network.')
