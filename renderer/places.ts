// What is shown at each place, and its icon in the rail. Their order is the contract's, their names are words.
import { ArrowDownUp, House, LibraryBig, type LucideIcon, Settings, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Place } from '../app/contract/places.ts'
import { Home } from './screens/home.tsx'
import { Library } from './screens/library.tsx'
import { Peers } from './screens/peers.tsx'
import { SettingsScreen } from './screens/settings.tsx'
import { Transfers } from './screens/transfers.tsx'

export const PLACES_SHOWN: Record<Place, { readonly Icon: LucideIcon; readonly Screen: () => ReactNode }> = {
  home: { Icon: House, Screen: Home },
  transfers: { Icon: ArrowDownUp, Screen: Transfers },
  library: { Icon: LibraryBig, Screen: Library },
  peers: { Icon: Users, Screen: Peers },
  settings: { Icon: Settings, Screen: SettingsScreen }
}
