// Who is connected, and who is refused.
import { CodedError } from '../../../core/errors.ts'
import type { Service } from '../../contract/service.ts'
import { ListFeed } from '../snapshot-feed.ts'
import type { HandlerParts } from './parts.ts'

export function peerHandlers({ connections }: HandlerParts): Service['peer'] {
  const nobody = new ListFeed<never>()
  return {
    list: () => connections?.rows() ?? [],
    feed: (_, { signal }) => (connections?.feed ?? nobody).read(signal),
    bans: (_, { signal }) => (connections?.bans.feed ?? nobody).read(signal),
    allow({ peerId }) {
      if (connections == null || !connections.allow(peerId))
        throw new CodedError('not-found', 'Nobody of that name is refused.')
      return {}
    }
  }
}
