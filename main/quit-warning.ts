// Who would be left waiting if Shoal ended now.
import type { Peer, Share } from '../app/contract/shapes.ts'
import { plain } from '../app/cli/format.ts'
import { listed, type Translate } from './i18n.ts'

const MAX_NAME_CHARS = 60

/** The sentence to ask with, or undefined when nobody is in the middle of anything. */
export function whoWouldWait(shares: readonly Share[], peers: readonly Peer[], t: Translate): string | undefined {
  const wanted = shares.filter(share => share.readers > 0 && share.state === 'ready')
  const readers = peers.filter(peer => peer.rateOut > 0)
  if (wanted.length === 0 || readers.length === 0) return undefined
  const names = listed(
    readers.map(peer => shownName(peer.name) || t('device.unnamed')),
    t
  )
  const what = listed(
    wanted.map(share => `“${shownName(share.name)}”`),
    t
  )
  return t(readers.length === 1 ? 'quit.one' : 'quit.many', { names, shares: what })
}

/** What a stranger or a file is called, as one line of a dialog. */
function shownName(name: string): string {
  const chars = Array.from(plain(name))
  return chars.length <= MAX_NAME_CHARS ? chars.join('') : `${chars.slice(0, MAX_NAME_CHARS - 1).join('')}…`
}
