// Settings: each takes effect when it is changed; there is no Save.
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ACTIVE_DOWNLOADS, CONNECTIONS, MAX_DEVICE_NAME_CHARS } from '../../app/contract/limits.ts'
import type { Settings } from '../../app/contract/shapes.ts'
import { DraftField, Draft } from '../parts/draft-field.tsx'
import { Choose, Toggle } from '../parts/fields.tsx'
import { chosenPlace, PlaceField, usePlaces } from '../parts/place-field.tsx'
import { Loading } from '../parts/states.tsx'
import { UpdateLine } from '../parts/update-line.tsx'
import type { Desktop } from '../platform.ts'
import { applyTheme, keepLanguage, savedTheme, THEMES } from '../preferences.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { isLanguage, LANGUAGES, type Language } from '../i18n/languages.ts'

const MEGA = 1_000_000
const GIGA = 1_000_000_000
const MODES = ['lan', 'internet', 'loopback'] as const

/** What the engine keeps, and how it is changed. */
interface Kept {
  readonly settings: Settings
  readonly set: (change: Partial<Settings>) => void
}

export function SettingsScreen() {
  const { ui, t } = useUi()
  const settings = useFeed(ui.model.settings)
  const status = useFeed(ui.model.status)
  const { desktop } = ui.platform
  const set = (change: Partial<Settings>): void => void ui.try(async () => ui.session.client.settings.set(change))
  return (
    <>
      <header className="screen-head">
        <h1>{t('place.settings')}</h1>
      </header>
      {settings == null ? (
        <Loading />
      ) : (
        <>
          <DeviceCard settings={settings} set={set} />
          <ReachCard settings={settings} set={set} />
          <LimitsCard settings={settings} set={set} />
          <StorageCard settings={settings} set={set} />
          <SharingCard settings={settings} set={set} />
          {desktop != null && <WindowCard desktop={desktop} />}
        </>
      )}
      <LookCard />
      {desktop != null && <UpdateLine desktop={desktop} />}
      <p className="version">{status != null && t('settings.version', { version: status.version })}</p>
    </>
  )
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function DeviceCard({ settings, set }: Kept) {
  const { t } = useUi()
  return (
    <Card title={t('settings.device')}>
      <Draft
        label={t('settings.name')}
        hint={t('settings.name.hint')}
        value={settings.name}
        maxLength={MAX_DEVICE_NAME_CHARS}
        onDone={name => name.trim() !== '' && set({ name: name.trim() })}
      />
    </Card>
  )
}

function ReachCard({ settings, set }: Kept) {
  const { ui, t } = useUi()
  const status = useFeed(ui.model.status)
  const isLater = settings.network != null && status != null && settings.network !== status.network
  return (
    <Card title={t('settings.reach')}>
      <Choose
        label={t('settings.network')}
        value={settings.network ?? status?.network ?? 'lan'}
        options={MODES.map(id => ({ id, name: t(`network.${id}`) }))}
        onChange={network => set({ network })}
        hint={
          isLater ? t('settings.network.later', { now: t(`network.${status.network}`) }) : t('settings.network.hint')
        }
      />
      <DraftField
        label={t('settings.connections')}
        value={settings.maxConnections}
        unit={1}
        bounds={CONNECTIONS}
        onDone={n => n != null && set({ maxConnections: n })}
      />
    </Card>
  )
}

function LimitsCard({ settings, set }: Kept) {
  const { t } = useUi()
  return (
    <Card title={t('settings.limits')}>
      <DraftField
        label={t('settings.atOnce')}
        hint={t('settings.atOnce.hint')}
        value={settings.activeDownloads}
        unit={1}
        bounds={ACTIVE_DOWNLOADS}
        onDone={n => n != null && set({ activeDownloads: n })}
      />
      <DraftField
        label={t('settings.upload')}
        hint={t('settings.limit.hint')}
        value={settings.uploadBytesPerSecond}
        unit={MEGA}
        onDone={n => set({ uploadBytesPerSecond: n ?? 0 })}
      />
      <DraftField
        label={t('settings.download')}
        hint={t('settings.limit.hint')}
        value={settings.downloadBytesPerSecond}
        unit={MEGA}
        onDone={n => set({ downloadBytesPerSecond: n ?? 0 })}
      />
    </Card>
  )
}

/** Where downloads go, what is to stay free there, and what Shoal takes for itself. */
function StorageCard({ settings, set }: Kept) {
  const { ui, t, formats } = useUi()
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
    <Card title={t('settings.storage')}>
      {places != null && place != null && (
        <PlaceField
          label={t('settings.downloads')}
          places={places}
          value={place}
          onChange={folder => void ui.try(async () => change(folder))}
          onPicked={refresh}
        />
      )}
      <DraftField
        label={t('settings.reserve')}
        hint={t('settings.reserve.hint')}
        value={settings.reserveBytes ?? 0}
        unit={GIGA}
        onDone={n => set({ reserveBytes: n })}
      />
      {places?.storage != null && (
        <dl className="facts">
          <div className="fact">
            <dt>{t('settings.index')}</dt>
            <dd>{formats.bytes(places.storage.indexBytes)}</dd>
          </div>
        </dl>
      )}
      <p className="hint">{t('settings.index.hint')}</p>
    </Card>
  )
}

function SharingCard({ settings, set }: Kept) {
  const { t } = useUi()
  return (
    <Card title={t('settings.sharing')}>
      <Toggle isSelected={settings.keepSharing} onChange={keepSharing => set({ keepSharing })}>
        {t('settings.keep')}
      </Toggle>
    </Card>
  )
}

/** How the desktop's window starts and stays, where the system lets it. */
function WindowCard({ desktop }: { desktop: Desktop }) {
  const { ui, t } = useUi()
  const state = useStore(desktop.state)
  const change = (to: { openAtLogin?: boolean; staysOpen?: boolean }): void =>
    void ui.try(async () => desktop.client.change(to))
  if (state?.openAtLogin == null && state?.staysOpen == null) return null
  return (
    <Card title={t('settings.window')}>
      {state.openAtLogin != null && (
        <Toggle isSelected={state.openAtLogin} onChange={openAtLogin => change({ openAtLogin })}>
          {t('settings.login')}
        </Toggle>
      )}
      {state.staysOpen != null && (
        <Toggle isSelected={state.staysOpen} onChange={staysOpen => change({ staysOpen })}>
          {t('settings.stays')}
        </Toggle>
      )}
    </Card>
  )
}

/** Kept by the page, in this browser. */
function LookCard() {
  const { t } = useUi()
  const { i18n } = useTranslation()
  const [theme, setTheme] = useState(savedTheme)
  const language: Language = isLanguage(i18n.language) ? i18n.language : 'en'
  return (
    <Card title={t('settings.look')}>
      <Choose
        label={t('settings.theme')}
        value={theme}
        options={THEMES.map(id => ({ id, name: t(`theme.${id}`) }))}
        onChange={next => {
          applyTheme(next)
          setTheme(next)
        }}
      />
      <Choose
        label={t('settings.language')}
        value={language}
        options={Object.entries(LANGUAGES).map(([id, { name }]) => ({ id: id as Language, name }))} // its own keys
        onChange={next => {
          keepLanguage(next)
          void i18n.changeLanguage(next)
        }}
      />
    </Card>
  )
}
