// Peers: who is connected, how they were found, how well they are reached.
import { Laptop, ShieldBan, Undo2, Users } from 'lucide-react'
import type { Ban, Peer } from '../../app/contract/shapes.ts'
import { Action } from '../parts/controls.tsx'
import { Row } from '../parts/row.tsx'
import { Empty, Loading } from '../parts/states.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { useFeed, useStore } from '../watch.ts'
import { type Context, useUi } from '../ui.ts'

export function peerSentence(peer: Peer, { say, formats }: Context): string {
  const parts = [
    say(`via.${peer.via}`),
    say(peer.nearby ? 'peer.nearby' : peer.direct ? 'peer.direct' : 'peer.relayed'),
    peer.latencyMs != null && formats.latency(peer.latencyMs),
    peer.rateIn > 0 && `↓ ${formats.rate(peer.rateIn)}`,
    peer.rateOut > 0 && `↑ ${formats.rate(peer.rateOut)}`
  ]
  return parts.filter(part => part !== false).join(' · ')
}

export function Peers() {
  const context = useUi()
  const { ui, say, formats } = context
  const list = useFeed(ui.model.peers)
  const status = useFeed(ui.model.status)
  const drawer = useStore(ui.drawer)
  const peers = [...list.rows.values()].sort((a, b) => a.name.localeCompare(b.name) || a.peerId.localeCompare(b.peerId))
  return (
    <>
      <header className="screen-head">
        <h1>{say('place.peers')}</h1>
      </header>
      {status != null && (
        <p className="network-line">
          {say(`network.${status.network}.now`)}{' '}
          {status.rateIn + status.rateOut > 0 && `↓ ${formats.rate(status.rateIn)} · ↑ ${formats.rate(status.rateOut)}`}
        </p>
      )}
      {list.seq == null ? (
        <Loading />
      ) : peers.length === 0 ? (
        <Empty icon={Users} title={say('peers.empty')} text={say('peers.empty.text')}>
          <Action onPress={() => ui.go('home')}>{say('paste.title')}</Action>
        </Empty>
      ) : (
        <VirtualList label={say('place.peers')} rows={peers} keyOf={peer => peer.peerId} rowHeight={60}>
          {peer => {
            const isOpen = drawer?.type === 'peer' && drawer.peerId === peer.peerId
            return (
              <Row
                name={peer.name === '' ? say('device.unnamed') : peer.name}
                icon={<Laptop size={20} strokeWidth={1.75} aria-hidden className="kind" />}
                sentence={peerSentence(peer, context)}
                tone="quiet"
                isOpen={isOpen}
                onOpen={() => ui.drawer.set(isOpen ? null : { type: 'peer', peerId: peer.peerId })}
                choices={[]}
                menuLabel={say('menu.of', { name: peer.name })}
              />
            )
          }}
        </VirtualList>
      )}
      <Blocked />
    </>
  )
}

/** Who is refused, and why; nothing while that is nobody. */
function Blocked() {
  const { ui, say, formats } = useUi()
  const { rows } = useFeed(ui.model.bans)
  if (rows.size === 0) return null
  const why = ({ reason, until }: Ban): string =>
    [say(`blocked.${reason}`), say('blocked.until', { time: formats.day(until) })].join(' · ')
  return (
    <section className="blocked">
      <h2>{say('blocked')}</h2>
      <VirtualList label={say('blocked')} rows={[...rows.values()]} keyOf={ban => ban.peerId} rowHeight={60}>
        {ban => {
          const name = ban.name === '' ? say('device.unnamed') : ban.name
          const run = () => void ui.try(async () => ui.session.client.peer.allow({ peerId: ban.peerId }))
          return (
            <Row
              name={name}
              icon={<ShieldBan size={20} strokeWidth={1.75} aria-hidden className="kind" />}
              sentence={why(ban)}
              tone="quiet"
              choices={[{ id: 'allow', label: say('blocked.allow'), icon: Undo2, run, inRow: true }]}
              menuLabel={say('menu.of', { name })}
            />
          )
        }}
      </VirtualList>
    </section>
  )
}
