// The handlers behind the contract, a file for each group of it: each line of the contract, and nothing that decides.
import type { Service } from '../../contract/service.ts'
import { appHandlers } from './app.ts'
import { grantHandlers } from './grant.ts'
import { nodeHandlers } from './node.ts'
import type { HandlerParts } from './parts.ts'
import { peerHandlers } from './peer.ts'
import { settingsHandlers } from './settings.ts'
import { shareHandlers } from './share.ts'
import { transferHandlers } from './transfer.ts'

export function createHandlers(parts: HandlerParts): Service {
  return {
    node: nodeHandlers(parts),
    share: shareHandlers(parts),
    transfer: transferHandlers(parts),
    peer: peerHandlers(parts),
    settings: settingsHandlers(parts),
    limits: { set: change => parts.limits.set(change) },
    grant: grantHandlers(parts),
    app: appHandlers(parts)
  }
}
