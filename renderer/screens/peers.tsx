// Peers: who is connected, how they were found, how well they are reached.
import { Laptop, ShieldBan, Undo2, Users } from 'lucide-react'
import type { Ban, Peer } from '../../app/contract/shapes.ts'
import { Action } from '../parts/controls.tsx'
import { Row } from '../parts/row.tsx'
import { Empty, Loading } from '../parts/states.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { useFeed, useStore } from '../use-store.ts'
import { type Context, useUi } from '../ui.ts'

export function peerSentence(peer: Peer, { t, formats }: Context): string {
  const parts = [
    t(`via.${peer.via}`),
    t(peer.nearby ? 'peer.nearby' : peer.direct ? 'peer.direct' : 'peer.relayed'),
    peer.latencyMs != null && formats.latency(peer.latencyMs),
    peer.rateIn > 0 && `↓ ${formats.rate(peer.rateIn)}`,
    peer.rateOut > 0 && `↑ ${formats.rate(peer.rateOut)}`
  ]
  return parts.filter(part => part !== false).join(' · ')
}

export function Peers() {
  const context = useUi()
  const { ui, t, formats } = context
  const list = useFeed(ui.model.peers)
  const status = useFeed(ui.model.status)
  const drawer = useStore(ui.drawer)
  const peers = [...list.rows.values()].sort((a, b) => a.name.localeCompare(b.name) || a.peerId.localeCompare(b.peerId))
  return (
    <>
      <header className="screen-head">
        <h1>{t('place.peers')}</h1>
      </header>
      {status != null && (
        <p className="network-line">
          {t(`network.${status.network}.now`)}{' '}
          {status.rateIn + status.rateOut > 0 && `↓ ${formats.rate(status.rateIn)} · ↑ ${formats.rate(status.rateOut)}`}
        </p>
      )}
      {list.seq == null ? (
        <Loading />
      ) : peers.length === 0 ? (
        <Empty icon={Users} title={t('peers.empty')} text={t('peers.empty.text')}>
          <Action onPress={() => ui.go('home')}>{t('paste.title')}</Action>
        </Empty>
      ) : (
        <VirtualList label={t('place.peers')} rows={peers} keyOf={peer => peer.peerId} rowHeight={60}>
          {peer => {
            const isOpen = drawer?.type === 'peer' && drawer.peerId === peer.peerId
            return (
              <Row
                name={peer.name === '' ? t('device.unnamed') : peer.name}
                icon={<Laptop size={20} strokeWidth={1.75} aria-hidden className="kind" />}
                sentence={peerSentence(peer, context)}
                tone="quiet"
                isOpen={isOpen}
                onOpen={() => ui.drawer.set(isOpen ? null : { type: 'peer', peerId: peer.peerId })}
                choices={[]}
                menuLabel={t('menu.of', { name: peer.name })}
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
  const { ui, t, formats } = useUi()
  const { rows } = useFeed(ui.model.bans)
  if (rows.size === 0) return null
  const why = ({ reason, until }: Ban): string =>
    [t(`blocked.${reason}`), t('blocked.until', { time: formats.day(until) })].join(' · ')
  return (
    <section className="blocked">
      <h2>{t('blocked')}</h2>
      <VirtualList label={t('blocked')} rows={[...rows.values()]} keyOf={ban => ban.peerId} rowHeight={60}>
        {ban => {
          const name = ban.name === '' ? t('device.unnamed') : ban.name
          const run = () => void ui.try(async () => ui.session.client.peer.allow({ peerId: ban.peerId }))
          return (
            <Row
              name={name}
              icon={<ShieldBan size={20} strokeWidth={1.75} aria-hidden className="kind" />}
              sentence={why(ban)}
              tone="quiet"
              choices={[{ id: 'allow', label: t('blocked.allow'), icon: Undo2, run, inRow: true }]}
              menuLabel={t('menu.of', { name })}
            />
          )
        }}
      </VirtualList>
    </section>
  )
}
