// The drawer at the right: what is behind a row, for those who open it.
import { useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { PeerDetails } from './peer-details.tsx'
import { ShareDetails } from './share-details.tsx'
import { TransferDetails } from './transfer-details.tsx'

export function Details() {
  const { ui } = useUi()
  const drawer = useStore(ui.drawer)
  switch (drawer?.type) {
    case undefined:
      return null
    case 'transfer':
      return <TransferDetails key={drawer.id} id={drawer.id} />
    case 'share':
      return <ShareDetails key={drawer.root} root={drawer.root} />
    case 'peer':
      return <PeerDetails key={drawer.peerId} peerId={drawer.peerId} />
    default:
      return drawer satisfies never
  }
}
