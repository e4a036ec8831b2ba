// The places, and one quiet line about the network.
import { PLACES } from '../../app/contract/places.ts'
import { PLACES_SHOWN } from '../places.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Logo } from './logo.tsx'

const MAX_BADGE = 99

export function Rail() {
  const { ui, t } = useUi()
  const screen = useStore(ui.screen)
  const status = useFeed(ui.model.status)
  const link = useStore(ui.session.state)
  const transfers = useFeed(ui.model.transfers)
  const active = [...transfers.rows.values()].filter(row => row.state === 'fetching' || row.state === 'finding').length
  const health = link !== 'open' || status == null ? 'lost' : status.state
  return (
    <nav className="rail" aria-label={t('rail')}>
      <div className="brand">
        <Logo size={28} />
        <span>Shoal</span>
      </div>
      <ul>
        {PLACES.map((place, at) => {
          const { Icon } = PLACES_SHOWN[place]
          const badge = place === 'transfers' ? active : 0
          return (
            <li key={place}>
              <button
                type="button"
                className="place"
                aria-current={place === screen ? 'page' : undefined}
                aria-keyshortcuts={`Alt+${at + 1}`}
                onClick={() => ui.go(place)}
              >
                <Icon size={20} strokeWidth={1.75} aria-hidden />
                <span className="place-name">{t(`place.${place}`)}</span>
                {badge > 0 && (
                  <span className="badge">
                    {badge > MAX_BADGE ? `${MAX_BADGE}+` : badge}
                    <span className="unseen"> {t('badge.active')}</span>
                  </span>
                )}
              </button>
            </li>
          )
        })}
      </ul>
      <button type="button" className="health" data-state={health} onClick={() => ui.go('peers')}>
        <span className="dot" aria-hidden="true" />
        <span className="health-text">
          {health === 'connected' ? t('health.connected', { count: status?.peers ?? 0 }) : t(`health.${health}`)}
        </span>
      </button>
    </nav>
  )
}
