// One peer: addresses and the rest, for those who want to know.
import { useFeed } from '../watch.ts'
import { useUi } from '../ui.ts'
import { Drawer, Fact } from './details.tsx'

export function PeerDetails({ peerId }: { peerId: string }) {
  const { ui, say, formats } = useUi()
  const peer = useFeed(ui.model.peers).rows.get(peerId)
  if (peer == null)
    return (
      <Drawer title={say('device.unnamed')}>
        <p className="hint">{say('peer.gone')}</p>
      </Drawer>
    )
  return (
    <Drawer title={peer.name === '' ? say('device.unnamed') : peer.name}>
      <dl className="facts">
        <Fact name={say('peer.found')}>{say(`via.${peer.via}`)}</Fact>
        <Fact name={say('peer.reached')}>
          {say(peer.nearby ? 'peer.nearby' : peer.direct ? 'peer.direct' : 'peer.relayed')}
        </Fact>
        <Fact name={say('peer.latency')}>{peer.latencyMs == null ? '–' : formats.latency(peer.latencyMs)}</Fact>
        <Fact name={say('peer.in')}>{peer.rateIn > 0 ? formats.rate(peer.rateIn) : '–'}</Fact>
        <Fact name={say('peer.out')}>{peer.rateOut > 0 ? formats.rate(peer.rateOut) : '–'}</Fact>
      </dl>
      <section>
        <h3>{say('peer.addresses')}</h3>
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
