// Tells a peer what this side holds of a root of which nothing else is wanted of that peer.
import type { CID } from 'multiformats/cid'
import type { HaveMessage } from './messages.ts'
import type { Requester, RootListener } from './requester.ts'

const DEAF: RootListener = {
  onInfo: () => {},
  onHave: () => {},
  onSkeleton: () => {},
  onBytes: () => {},
  onLeaf: () => {},
  onReject: () => {},
  onSkeletonReject: () => {},
  onChoke: () => {},
  onPex: () => {},
  onParked: () => {},
  onClosed: () => {}
}

/** Opens the root for that, and closes it when the peer has answered, whatever it says. Lost when the session ends before. */
export function sayHave(requester: Requester, root: CID, have: HaveMessage): void {
  const opened = requester.openRoot(root, { ...DEAF, onInfo: () => opened.close() }, { isPreferred: true })
  opened.sendHave(have)
}
