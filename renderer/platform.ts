// The seam between the page and where it runs: how it reaches the engine, and how files that were dropped become something it may share.
// A browser uploads them; the desktop's window hands over grants for them where they are.
import type { WindowAsk, WindowState } from '../app/contract/window-contract.ts'
import type { RpcSocket, WindowClient } from './client.ts'
import type { Store } from './store.ts'

export interface Connected {
  readonly socket: RpcSocket
  /** Settles when the connection is over. */
  readonly ended: Promise<void>
}

/** A folder of the host, and a place inside it. */
export interface Place {
  readonly folder: number
  readonly path: readonly string[]
}

/** What was dropped, pasted or picked: the top ones as they were named, and every file below them when asked for. */
export interface Dropped {
  readonly names: readonly string[]
  /** The top ones as the browser handed them over; one of a folder stands for the folder and holds no bytes. */
  readonly tops: readonly File[]
  files(): Promise<readonly DroppedFile[]>
}
export interface DroppedFile {
  readonly path: readonly string[]
  readonly file: File
}

export interface Platform {
  /** Throws Refused when the door stays shut whatever is tried; anything else may be tried again. */
  connect(signal: AbortSignal): Promise<Connected>
  /** Whether dropped files are copied to a place on the host, which the user is asked for. */
  readonly copiesDropped: boolean
  /** Grants for what was dropped, one for each top name. `place`: where copies go, when copies are made. */
  grantsFor(
    dropped: Dropped,
    place: Place | null,
    onProgress: (progress: { bytes: number; total: number }) => void,
    signal: AbortSignal
  ): Promise<string[]>
  /** Saves one file of a finished share on the device that shows the page; null: not possible or not needed here. */
  readonly saveFile: ((root: string, index: number) => Promise<void>) | null
  /** Puts a link on the clipboard. Rejects when it may not: a page that is not in front. */
  copy(text: string): Promise<void>
  /** What only the desktop's window can do; null in a browser. */
  readonly desktop: Desktop | null
}

export interface Desktop {
  /** Throws Failure while the window is not answering. */
  readonly client: WindowClient
  /** Null until it is known. */
  readonly state: Store<WindowState | null>
  /** Hands over what a menu, a link opened in the system, a notification or a second start wants to be shown. Called once. */
  followAsks(show: (ask: WindowAsk) => void): void
}

/** The page has no token, or one that is no longer good. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
