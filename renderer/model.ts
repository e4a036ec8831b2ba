// What the screens show: every feed of the engine, as it is now.
import type { Ban, ListUpdate, NodeStatus, Peer, Settings, Share, ShareJob, Transfer } from '../app/contract/shapes.ts'
import { applyUpdate, EMPTY_LIST, type List } from './list.ts'
import type { Client } from './client.ts'
import type { Session } from './session.ts'
import { Store } from './store.ts'

export interface Model {
  readonly status: Store<NodeStatus | null>
  readonly settings: Store<Settings | null>
  /** Null until they are known. */
  readonly jobs: Store<readonly ShareJob[] | null>
  readonly shares: Store<List<Share>>
  readonly transfers: Store<List<Transfer>>
  readonly peers: Store<List<Peer>>
  readonly bans: Store<List<Ban>>
}

/** Of Shoal's own folder. */
export const isOwnDiskFull = (status: NodeStatus | null): boolean => status?.ownDisk === 'full'

export function openModel(session: Session<Client>): Model {
  const model: Model = {
    status: new Store<NodeStatus | null>(null),
    settings: new Store<Settings | null>(null),
    jobs: new Store<readonly ShareJob[] | null>(null),
    shares: new Store<List<Share>>(EMPTY_LIST),
    transfers: new Store<List<Transfer>>(EMPTY_LIST),
    peers: new Store<List<Peer>>(EMPTY_LIST),
    bans: new Store<List<Ban>>(EMPTY_LIST)
  }
  session.follow(
    (client, options) => client.node.status({}, options),
    value => model.status.set(value)
  )
  session.follow(
    (client, options) => client.settings.feed({}, options),
    value => model.settings.set(value)
  )
  session.follow(
    (client, options) => client.share.jobs({}, options),
    value => model.jobs.set(value)
  )
  session.follow(
    (client, options) => client.share.feed({}, options),
    into(model.shares, share => share.root)
  )
  session.follow(
    (client, options) => client.transfer.feed({}, options),
    into(model.transfers, row => row.id)
  )
  session.follow(
    (client, options) => client.peer.feed({}, options),
    into(model.peers, peer => peer.peerId)
  )
  session.follow(
    (client, options) => client.peer.bans({}, options),
    into(model.bans, ban => ban.peerId)
  )
  return model
}

const into =
  <Row>(store: Store<List<Row>>, keyOf: (row: Row) => string) =>
  (update: ListUpdate<Row>): boolean => {
    const next = applyUpdate(store.get(), update, keyOf)
    if (next != null) store.set(next)
    return next != null
  }
