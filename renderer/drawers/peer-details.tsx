// One peer: addresses and the rest, for those who want to know.
import { useFeed } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Drawer, Fact } from './drawer.tsx'

export function PeerDetails({ peerId }: { peerId: string }) {
  const { ui, t, formats } = useUi()
  const peer = useFeed(ui.model.peers).rows.get(peerId)
  if (peer == null)
    return (
      <Drawer title={t('device.unnamed')}>
        <p className="hint">{t('peer.gone')}</p>
      </Drawer>
    )
  return (
    <Drawer title={peer.name === '' ? t('device.unnamed') : peer.name}>
      <dl className="facts">
        <Fact name={t('peer.found')}>{t(`via.${peer.via}`)}</Fact>
        <Fact name={t('peer.reached')}>
          {t(peer.nearby ? 'peer.nearby' : peer.direct ? 'peer.direct' : 'peer.relayed')}
        </Fact>
        <Fact name={t('peer.latency')}>{peer.latencyMs == null ? '–' : formats.latency(peer.latencyMs)}</Fact>
        <Fact name={t('peer.in')}>{peer.rateIn > 0 ? formats.rate(peer.rateIn) : '–'}</Fact>
        <Fact name={t('peer.out')}>{peer.rateOut > 0 ? formats.rate(peer.rateOut) : '–'}</Fact>
      </dl>
      <section>
        <h3>{t('peer.addresses')}</h3>
        <ul className="addresses">
          {peer.addrs.map(addr => (
            <li key={addr}>
              <code dir="ltr">{addr}</code>
            </li>
          ))}
        </ul>
      </section>
    </Drawer>
  )
}
