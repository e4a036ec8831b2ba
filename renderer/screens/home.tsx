// Home: who am I, drop files, paste a link, who is near.
import { FolderInput, Laptop, Pencil } from 'lucide-react'
import { useState } from 'react'
import { Button } from 'react-aria-components'
import { MAX_DEVICE_NAME_CHARS, MAX_LINK_CHARS } from '../../app/contract/limits.ts'
import { Action } from '../parts/controls.tsx'
import { TextBox } from '../parts/fields.tsx'
import { useHeld } from '../parts/use-held.ts'
import { OfferRow } from '../parts/share-row.tsx'
import { ShareActions } from '../parts/sharing.tsx'
import { isGoingOn, isRunning, TransferRow } from '../parts/transfer-row.tsx'
import { WelcomeTile } from '../parts/welcome-tile.tsx'
import { inOrder } from '../queue-order.ts'
import { keyOf, type Offer } from '../offers.ts'
import { useFeed, useStore } from '../use-store.ts'
import { receiveText } from '../incoming.ts'
import { useUi } from '../ui.ts'

const SHOWN = 4

export function Home() {
  const { t } = useUi()
  return (
    <>
      <header className="screen-head">
        <Name />
      </header>
      <InternetQuestion />
      <section className="drop-area" aria-label={t('share.area')}>
        <FolderInput size={40} strokeWidth={1.25} aria-hidden />
        <h2>{t('drop.title')}</h2>
        <p>{t('drop.text')}</p>
        <div className="actions">
          <ShareActions isPrimary />
        </div>
      </section>
      <PasteLink />
      <WelcomeTile />
      <GoingOn />
      <Nearby />
    </>
  )
}

/** What is being made, what was just made, what is being got: a few, and whichever somebody is on. */
function GoingOn() {
  const { ui, t, formats } = useUi()
  const offers = useFeed(ui.offers)
  const { rows } = useFeed(ui.model.transfers)
  const fresh = useStore(ui.fresh)
  const held = useHeld()
  const offered: Offer[] = [...offers.jobs, ...fresh.flatMap(root => offers.shares.get(root) ?? [])]
  const going = inOrder([...rows.values()].filter(isGoingOn), isRunning)
  const got = going.slice(0, SHOWN)
  const heldRow = held.key == null ? undefined : rows.get(held.key)
  if (heldRow != null && !got.includes(heldRow)) got.push(heldRow)
  if (offered.length + got.length === 0) return null
  return (
    <section>
      <h2>{t('home.now')}</h2>
      <ul className="plain-list">
        {offered.map((row, at) => (
          <li key={keyOf(row, offers)} data-index={at} onFocus={held.hold(keyOf(row, offers))}>
            <OfferRow row={row} />
          </li>
        ))}
        {got.map((row, at) => (
          <li key={row.id} data-index={offered.length + at} onFocus={held.hold(row.id)}>
            <TransferRow row={row} />
          </li>
        ))}
      </ul>
      {going.length > SHOWN && (
        <div className="actions">
          <Action kind="quiet" onPress={() => ui.go('transfers')}>
            {t('home.more', { count: going.length - SHOWN, n: formats.count(going.length - SHOWN) })}
          </Action>
        </div>
      )}
    </section>
  )
}

function Name() {
  const { ui, t } = useUi()
  const settings = useFeed(ui.model.settings)
  const [draft, setDraft] = useState<string | null>(null)
  if (settings == null) return <h1>Shoal</h1>
  const save = (): void => {
    const name = draft?.trim() ?? ''
    setDraft(null)
    if (name !== '' && name !== settings.name) void ui.try(async () => ui.session.client.settings.set({ name }))
  }
  if (draft != null)
    return (
      <>
        <h1 className="unseen">{t('home.you', { name: settings.name })}</h1>
        <form
          className="name-form"
          onSubmit={event => {
            event.preventDefault()
            save()
          }}
        >
          <TextBox
            label={t('settings.name')}
            value={draft}
            onChange={setDraft}
            maxLength={MAX_DEVICE_NAME_CHARS}
            isFocused
          />
          <Action kind="primary" onPress={save}>
            {t('save')}
          </Action>
          <Action onPress={() => setDraft(null)}>{t('cancel')}</Action>
        </form>
      </>
    )
  return (
    <h1 className="you">
      <bdi>{t('home.you', { name: settings.name })}</bdi>
      <Button className="edit-name" aria-label={t('home.edit.label')} onPress={() => setDraft(settings.name)}>
        <Pencil size={14} aria-hidden />
        <span>{t('home.edit')}</span>
      </Button>
    </h1>
  )
}

/** Asked once; until it is answered Shoal stays on the local network. */
export function InternetQuestion() {
  const { ui, t } = useUi()
  const settings = useFeed(ui.model.settings)
  if (settings == null || settings.network != null) return null
  const choose = (network: 'lan' | 'internet') => () =>
    void ui.try(async () => {
      await ui.session.client.settings.set({ network })
      ui.toast(t(network === 'internet' ? 'reach.chosen.internet' : 'reach.chosen.lan'))
    })
  return (
    <section className="question" aria-label={t('reach.title')}>
      <div>
        <h2>{t('reach.title')}</h2>
        <p>{t('reach.text')}</p>
      </div>
      <div className="actions">
        <Action onPress={choose('lan')}>{t('reach.stay')}</Action>
        <Action onPress={choose('internet')}>{t('reach.allow')}</Action>
      </div>
    </section>
  )
}

function PasteLink() {
  const { ui, t } = useUi()
  const [text, setText] = useState('')
  const look = (): void => {
    receiveText(ui, text)
    setText('')
  }
  return (
    <section>
      <h2 id="paste-title">{t('paste.title')}</h2>
      <form
        className="paste"
        onSubmit={event => {
          event.preventDefault()
          look()
        }}
      >
        <TextBox
          label={t('paste.title')}
          isLabelHidden
          value={text}
          onChange={setText}
          placeholder="shoal:…"
          maxLength={MAX_LINK_CHARS}
          onPasted={pasted => {
            if (pasted.trim() === '') return false // files, for the window to take; or nothing
            receiveText(ui, pasted)
            return true
          }}
        />
        <Action onPress={look} isDisabled={text.trim() === ''}>
          {t('paste.look')}
        </Action>
      </form>
    </section>
  )
}

function Nearby() {
  const { ui, t } = useUi()
  const peers = useFeed(ui.model.peers)
  const status = useFeed(ui.model.status)
  const isLooking = status == null || (status.network !== 'loopback' && status.state !== 'offline')
  const near = [...peers.rows.values()].filter(peer => peer.nearby)
  return (
    <section>
      <h2>{t('nearby')}</h2>
      {near.length === 0 ? (
        <p className="looking">
          {isLooking && <span className="pulse" aria-hidden="true" />}
          {isLooking ? t('nearby.looking') : t(status.state === 'offline' ? 'nearby.offline' : 'nearby.loopback')}
        </p>
      ) : (
        <ul className="devices" aria-label={t('nearby')}>
          {near.slice(0, 24).map(({ peerId, name }) => (
            <li key={peerId}>
              <button
                type="button"
                className="device"
                onClick={() => {
                  ui.go('peers')
                  ui.drawer.set({ type: 'peer', peerId })
                }}
              >
                <Laptop size={20} strokeWidth={1.5} aria-hidden />
                <bdi>{name === '' ? t('device.unnamed') : name}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
      {near.length > 0 && <p className="hint">{t('nearby.how')}</p>}
    </section>
  )
}
