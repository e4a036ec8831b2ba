// This node: what it is, how it is connected, and whom it is to dial.
import type { Service } from '../../contract/service.ts'
import type { NodeInfo, NodeStatus } from '../../contract/shapes.ts'
import { StatusFeed } from '../status-feed.ts'
import { type HandlerParts, noNetwork } from './parts.ts'

export function nodeHandlers(parts: HandlerParts): Service['node'] {
  const { settings, store, network, connections } = parts
  const info = (): NodeInfo => ({
    version: parts.version,
    name: settings.value.name,
    peerId: parts.peerId,
    addrs: network?.addrs() ?? [],
    listen: [...parts.listen],
    network: parts.mode,
    ownDisk: store.ownDisk
  })
  const status = new StatusFeed((): NodeStatus => {
    const rows = connections?.rows() ?? []
    const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0)
    return {
      ...info(),
      state: network == null ? 'offline' : rows.length === 0 ? 'alone' : 'connected',
      peers: rows.length,
      nearby: rows.filter(row => row.nearby).length,
      rateIn: sum(row => row.rateIn),
      rateOut: sum(row => row.rateOut)
    }
  })
  return {
    info,
    status: (_, { signal }) => status.read(signal),
    async dial({ addr }, { signal }) {
      if (connections == null) throw noNetwork()
      await connections.dial(addr, signal)
      return {}
    }
  }
}
