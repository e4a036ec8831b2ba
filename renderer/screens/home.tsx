// Home: who am I, drop files, paste a link, who is near.
import { FolderInput, Laptop, Pencil } from 'lucide-react'
import { useState } from 'react'
import { Button } from 'react-aria-components'
import { MAX_DEVICE_NAME_CHARS, MAX_LINK_CHARS } from '../../app/contract/limits.ts'
import { Action } from '../parts/controls.tsx'
import { TextBox } from '../parts/fields.tsx'
import { useHeld } from '../parts/held.ts'
import { OfferRow } from '../parts/share-row.tsx'
import { ShareActions } from '../parts/sharing.tsx'
import { isGoingOn, isRunning, TransferRow } from '../parts/transfer-row.tsx'
import { WelcomeTile } from '../parts/welcome-tile.tsx'
import { inOrder } from '../line.ts'
import { keyOf, type Offer } from '../offers.ts'
import { useFeed, useStore } from '../watch.ts'
import { takeText } from '../take.ts'
import { useUi } from '../ui.ts'

const SHOWN = 4

export function Home() {
  const { say } = useUi()
  return (
    <>
      <header className="screen-head">
        <Name />
      </header>
      <InternetQuestion />
      <section className="drop-area" aria-label={say('share.area')}>
        <FolderInput size={40} strokeWidth={1.25} aria-hidden />
        <h2>{say('drop.title')}</h2>
        <p>{say('drop.text')}</p>
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
  const { ui, say, formats } = useUi()
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
      <h2>{say('home.now')}</h2>
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
            {say('home.more', { count: going.length - SHOWN, n: formats.count(going.length - SHOWN) })}
          </Action>
        </div>
      )}
    </section>
  )
}

function Name() {
  const { ui, say } = useUi()
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
        <h1 className="unseen">{say('home.you', { name: settings.name })}</h1>
        <form
          className="name-form"
          onSubmit={event => {
            event.preventDefault()
            save()
          }}
        >
          <TextBox
            label={say('settings.name')}
            value={draft}
            onChange={setDraft}
            maxLength={MAX_DEVICE_NAME_CHARS}
            isFocused
          />
          <Action kind="primary" onPress={save}>
            {say('save')}
          </Action>
          <Action onPress={() => setDraft(null)}>{say('cancel')}</Action>
        </form>
      </>
    )
  return (
    <h1 className="you">
      <bdi>{say('home.you', { name: settings.name })}</bdi>
      <Button className="edit-name" aria-label={say('home.edit.label')} onPress={() => setDraft(settings.name)}>
        <Pencil size={14} aria-hidden />
        <span>{say('home.edit')}</span>
      </Button>
    </h1>
  )
}

/** Asked once; until it is answered Shoal stays on the local network. */
export function InternetQuestion() {
  const { ui, say } = useUi()
  const settings = useFeed(ui.model.settings)
  if (settings == null || settings.network != null) return null
  const choose = (network: 'lan' | 'internet') => () =>
    void ui.try(async () => {
      await ui.session.client.settings.set({ network })
      ui.say(say(network === 'internet' ? 'reach.chosen.internet' : 'reach.chosen.lan'))
    })
  return (
    <section className="question" aria-label={say('reach.title')}>
      <div>
        <h2>{say('reach.title')}</h2>
        <p>{say('reach.text')}</p>
      </div>
      <div className="actions">
        <Action onPress={choose('lan')}>{say('reach.stay')}</Action>
        <Action onPress={choose('internet')}>{say('reach.allow')}</Action>
      </div>
    </section>
  )
}

function PasteLink() {
  const { ui, say } = useUi()
  const [text, setText] = useState('')
  const look = (): void => {
    takeText(ui, text)
    setText('')
  }
  return (
    <section>
      <h2 id="paste-title">{say('paste.title')}</h2>
      <form
        className="paste"
        onSubmit={event => {
          event.preventDefault()
          look()
        }}
      >
        <TextBox
          label={say('paste.title')}
          isLabelHidden
          value={text}
          onChange={setText}
          placeholder="shoal:…"
          maxLength={MAX_LINK_CHARS}
          onPasted={pasted => {
            if (pasted.trim() === '') return false // files, for the window to take; or nothing
            takeText(ui, pasted)
            return true
          }}
        />
        <Action onPress={look} isDisabled={text.trim() === ''}>
          {say('paste.look')}
        </Action>
      </form>
    </section>
  )
}

function Nearby() {
  const { ui, say } = useUi()
  const peers = useFeed(ui.model.peers)
  const status = useFeed(ui.model.status)
  const isLooking = status == null || (status.network !== 'loopback' && status.state !== 'offline')
  const near = [...peers.rows.values()].filter(peer => peer.nearby)
  return (
    <section>
      <h2>{say('nearby')}</h2>
      {near.length === 0 ? (
        <p className="looking">
          {isLooking && <span className="pulse" aria-hidden="true" />}
          {isLooking ? say('nearby.looking') : say(status.state === 'offline' ? 'nearby.offline' : 'nearby.loopback')}
        </p>
      ) : (
        <ul className="devices" aria-label={say('nearby')}>
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
                <bdi>{name === '' ? say('device.unnamed') : name}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
