// "See it work": for somebody who has nobody to share with yet. There until something was shared or got once, or until it is sent away.
import { Sparkles, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { isWelcomed, keepWelcomed } from '../preferences.ts'
import { useFeed } from '../use-store.ts'
import { receiveText } from '../incoming.ts'
import { useUi } from '../ui.ts'
import { Action, IconAction } from './controls.tsx'

export function WelcomeTile() {
  const { ui, t } = useUi()
  const shares = useFeed(ui.model.shares)
  const transfers = useFeed(ui.model.transfers)
  const [isOver, setOver] = useState(isWelcomed)
  const [isStarting, setStarting] = useState(false)
  const isKnown = shares.seq != null && transfers.seq != null
  const hasBegun = shares.rows.size + transfers.rows.size > 0
  useEffect(() => {
    if (hasBegun) keepWelcomed()
  }, [hasBegun])
  if (isOver || hasBegun || !isKnown) return null
  const start = async (): Promise<void> => {
    setStarting(true)
    await ui.try(async () => receiveText(ui, (await ui.session.client.app.welcome({})).link))
    setStarting(false)
  }
  return (
    <section className="question" aria-label={t('welcome.title')}>
      <Sparkles size={28} strokeWidth={1.25} aria-hidden />
      <div>
        <h2>{t('welcome.title')}</h2>
        <p>{t('welcome.text')}</p>
      </div>
      <div className="actions">
        <Action onPress={() => void start()} isDisabled={isStarting}>
          {t(isStarting ? 'welcome.starting' : 'welcome.go')}
        </Action>
        <IconAction
          icon={X}
          label={t('welcome.away')}
          onPress={() => {
            keepWelcomed()
            setOver(true)
          }}
        />
      </div>
    </section>
  )
}
