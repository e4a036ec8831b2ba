// The JSON lines of the command line, as the readers of PRODUCT.md were promised them. Written down here a second time on purpose: these tests
// stand for a script that somebody wrote against the documentation.

export interface ListeningLine {
  readonly event: 'listening'
  readonly peerId: string
  readonly addrs: readonly string[]
}
export interface UiLine {
  readonly event: 'ui'
  readonly url: string
}
export interface ProgressLine {
  readonly event: 'progress'
  readonly phase: 'index' | 'find' | 'fetch' | 'verify'
  readonly root: string | null
  readonly bytes: number | null
  readonly total: number | null
  readonly rate: number | null
  readonly received: number | null
  readonly duplicate: number | null
}
export interface SharedLine {
  readonly event: 'shared'
  readonly root: string
  readonly link: string
  readonly bytes: number
  readonly files: number
  readonly seconds: number
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[]
}
export interface DoneLine {
  readonly event: 'done'
  readonly root: string
  readonly path: string
  readonly bytes: number
  readonly seconds: number
  readonly received: number
  readonly duplicate: number
  readonly sources: number
}
export interface ShareLine {
  readonly event: 'share'
  readonly root: string
  readonly name: string
  readonly bytes: number
  readonly files: number
  readonly state: 'ready' | 'indexing' | 'changed' | 'missing'
}
export interface TransferLine {
  readonly event: 'transfer'
  readonly root: string
  readonly name: string
  readonly state: string
  readonly bytes: number
  readonly total: number | null
  readonly rate: number
  readonly path: string
}
export interface PeerLine {
  readonly event: 'peer'
  readonly peerId: string
  readonly name: string
  readonly addrs: readonly string[]
  readonly via: string
  readonly direct: boolean
}
export interface RemovedLine {
  readonly event: 'removed'
  readonly root: string
}
export interface VerifiedLine {
  readonly event: 'verified'
  readonly root: string
  readonly bytes: number
  readonly bad: readonly string[]
}
export interface RepairedLine {
  readonly event: 'repaired'
  readonly aside: string | null
  readonly shares: number
  readonly downloads: number
}
export interface InfoLine {
  readonly event: 'info'
  readonly version: string
  readonly peerId: string
  readonly addrs: readonly string[]
  readonly network: string
  readonly data: string
  readonly ui: string | null
  readonly ownDisk: 'ok' | 'full'
}
export interface ErrorLine {
  readonly event: 'error'
  readonly code: string
  readonly message: string
}

export type Line =
  | ListeningLine
  | UiLine
  | ProgressLine
  | SharedLine
  | DoneLine
  | ShareLine
  | TransferLine
  | PeerLine
  | RemovedLine
  | VerifiedLine
  | RepairedLine
  | InfoLine
  | ErrorLine
