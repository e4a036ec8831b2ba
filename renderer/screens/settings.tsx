// Settings: each takes effect when it is changed; there is no Save.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ACTIVE_DOWNLOADS, CONNECTIONS, MAX_DEVICE_NAME_CHARS } from '../../app/contract/limits.ts'
import type { Settings } from '../../app/contract/shapes.ts'
import { Amount, Draft } from '../parts/amount.tsx'
import { Choose, Toggle } from '../parts/fields.tsx'
import { chosenPlace, PlaceField, usePlaces } from '../parts/place-field.tsx'
import { Loading } from '../parts/states.tsx'
import { UpdateLine } from '../parts/update-line.tsx'
import type { Desktop } from '../platform.ts'
import { applyTheme, keepLanguage, savedTheme, THEMES } from '../preferences.ts'
import { useFeed, useStore } from '../watch.ts'
import { useUi } from '../ui.ts'
import { isLanguage, LANGUAGES, type Language } from '../words/words.ts'

const MEGA = 1_000_000
const GIGA = 1_000_000_000
const MODES = ['lan', 'internet', 'loopback'] as const

export function SettingsScreen() {
  const { ui, say } = useUi()
  const settings = useFeed(ui.model.settings)
  const status = useFeed(ui.model.status)
  const { i18n } = useTranslation()
  const [theme, setTheme] = useState(savedTheme)
  const set = (change: Partial<Settings>): void => void ui.try(async () => ui.session.client.settings.set(change))
  const language: Language = isLanguage(i18n.language) ? i18n.language : 'en'
  return (
    <>
      <header className="screen-head">
        <h1>{say('place.settings')}</h1>
      </header>
      {settings == null ? (
        <Loading />
      ) : (
        <>
          <section className="card">
            <h2>{say('settings.device')}</h2>
            <Draft
              label={say('settings.name')}
              hint={say('settings.name.hint')}
              value={settings.name}
              maxLength={MAX_DEVICE_NAME_CHARS}
              onDone={name => name.trim() !== '' && set({ name: name.trim() })}
            />
          </section>
          <section className="card">
            <h2>{say('settings.reach')}</h2>
            <Choose
              label={say('settings.network')}
              value={settings.network ?? status?.network ?? 'lan'}
              options={MODES.map(id => ({ id, name: say(`network.${id}`) }))}
              onChange={network => set({ network })}
              hint={
                settings.network != null && status != null && settings.network !== status.network
                  ? say('settings.network.later', { now: say(`network.${status.network}`) })
                  : say('settings.network.hint')
              }
            />
            <Amount
              label={say('settings.connections')}
              value={settings.maxConnections}
              unit={1}
              bounds={CONNECTIONS}
              onDone={n => n != null && set({ maxConnections: n })}
            />
          </section>
          <section className="card">
            <h2>{say('settings.limits')}</h2>
            <Amount
              label={say('settings.atOnce')}
              hint={say('settings.atOnce.hint')}
              value={settings.activeDownloads}
              unit={1}
              bounds={ACTIVE_DOWNLOADS}
              onDone={n => n != null && set({ activeDownloads: n })}
            />
            <Amount
              label={say('settings.upload')}
              hint={say('settings.limit.hint')}
              value={settings.uploadBytesPerSecond}
              unit={MEGA}
              onDone={n => set({ uploadBytesPerSecond: n ?? 0 })}
            />
            <Amount
              label={say('settings.download')}
              hint={say('settings.limit.hint')}
              value={settings.downloadBytesPerSecond}
              unit={MEGA}
              onDone={n => set({ downloadBytesPerSecond: n ?? 0 })}
            />
          </section>
          <section className="card">
            <h2>{say('settings.storage')}</h2>
            <StorageFields settings={settings} set={set} />
          </section>
          <section className="card">
            <h2>{say('settings.sharing')}</h2>
            <Toggle isSelected={settings.keepSharing} onChange={keepSharing => set({ keepSharing })}>
              {say('settings.keep')}
            </Toggle>
          </section>
          {ui.platform.desktop != null && <WindowCard desktop={ui.platform.desktop} />}
        </>
      )}
      <section className="card">
        <h2>{say('settings.look')}</h2>
        <Choose
          label={say('settings.theme')}
          value={theme}
          options={THEMES.map(id => ({ id, name: say(`theme.${id}`) }))}
          onChange={next => {
            applyTheme(next)
            setTheme(next)
          }}
        />
        <Choose
          label={say('settings.language')}
          value={language}
          options={Object.entries(LANGUAGES).map(([id, { name }]) => ({ id: id as Language, name }))} // its own keys
          onChange={next => {
            keepLanguage(next)
            void i18n.changeLanguage(next)
          }}
        />
      </section>
      {ui.platform.desktop != null && <UpdateLine desktop={ui.platform.desktop} />}
      <p className="version">{status != null && say('settings.version', { version: status.version })}</p>
    </>
  )
}

/** Where downloads go, what is to stay free there, and what Shoal takes for itself. */
function StorageFields({ settings, set }: { settings: Settings; set: (change: Partial<Settings>) => void }) {
  const { ui, say, formats } = useUi()
  const { places, refresh } = usePlaces()
  const place = places == null ? undefined : chosenPlace(places, undefined)
  const change = async (folder: number | null): Promise<void> => {
    if (folder == null) return // it is the one already
    const { client } = ui.session
    const { grant } = await client.grant.inside({ folder, path: [], use: 'write' })
    await client.settings.set({ downloads: grant })
    await refresh()
  }
  return (
    <>
      {places != null && place != null && (
        <PlaceField
          label={say('settings.downloads')}
          places={places}
          value={place}
          onChange={folder => void ui.try(async () => change(folder))}
          onPicked={refresh}
        />
      )}
      <Amount
        label={say('settings.reserve')}
        hint={say('settings.reserve.hint')}
        value={settings.reserveBytes ?? 0}
        unit={GIGA}
        onDone={n => set({ reserveBytes: n })}
      />
      {places?.storage != null && (
        <dl className="facts">
          <div className="fact">
            <dt>{say('settings.index')}</dt>
            <dd>{formats.bytes(places.storage.indexBytes)}</dd>
          </div>
        </dl>
      )}
      <p className="hint">{say('settings.index.hint')}</p>
    </>
  )
}

/** How the desktop's window starts and stays, where the system lets it. */
function WindowCard({ desktop }: { desktop: Desktop }) {
  const { ui, say } = useUi()
  const state = useStore(desktop.state)
  const change = (to: { openAtLogin?: boolean; staysOpen?: boolean }): void =>
    void ui.try(async () => desktop.client.change(to))
  if (state?.openAtLogin == null && state?.staysOpen == null) return null
  return (
    <section className="card">
      <h2>{say('settings.window')}</h2>
      {state.openAtLogin != null && (
        <Toggle isSelected={state.openAtLogin} onChange={openAtLogin => change({ openAtLogin })}>
          {say('settings.login')}
        </Toggle>
      )}
      {state.staysOpen != null && (
        <Toggle isSelected={state.staysOpen} onChange={staysOpen => change({ staysOpen })}>
          {say('settings.stays')}
        </Toggle>
      )}
    </section>
  )
}
