// Where something is to be saved: the folder for downloads, the others this page may use, and in the desktop's window any that the system's dialog gives.
import { useCallback, useEffect, useState } from 'react'
import type { Storage } from '../../app/contract/shapes.ts'
import type { Client } from '../client.ts'
import { useFeed, useStore } from '../use-store.ts'
import { useUi } from '../ui.ts'
import { Choose } from './fields.tsx'

export type HostFolder = Awaited<ReturnType<Client['grant']['folders']>>[number]

/** One that may be chosen; `id` null: the folder for downloads, which is not among those with a number. */
export interface PlaceChoice {
  readonly id: number | null
  readonly name: string
  readonly roomBytes: number | null
}

export interface Places {
  /** The one for downloads first. */
  readonly choices: readonly PlaceChoice[]
  readonly storage: Storage | null
}

const PICK = 'pick'
const DEFAULT = 'downloads'

/** Null until they are known. */
export function useFolders(): readonly HostFolder[] | null {
  const { ui } = useUi()
  const [folders, setFolders] = useState<readonly HostFolder[] | null>(null)
  const isOpen = useStore(ui.session.state) === 'open'
  useEffect(() => {
    const ask = async (): Promise<void> => setFolders(await ui.session.client.grant.folders({}))
    if (isOpen) ask().catch(() => {}) // the connection is lost; it is asked again when it is back
  }, [ui, isOpen])
  return folders
}

/** Null until they are known; asked again when the connection is back, when settings change and when `refresh` is called. */
export function usePlaces(): { places: Places | null; refresh: () => Promise<void> } {
  const { ui } = useUi()
  const [places, setPlaces] = useState<Places | null>(null)
  const link = useStore(ui.session.state)
  const settings = useFeed(ui.model.settings)
  const isDesktop = ui.platform.desktop != null
  const refresh = useCallback(async () => {
    try {
      const { client } = ui.session
      const [folders, storage] = await Promise.all([client.grant.folders({}), client.settings.storage({})])
      setPlaces({ choices: choicesOf(folders, storage, isDesktop), storage })
    } catch {
      setPlaces({ choices: [], storage: null }) // the default one is used, which is what happens without a choice
    }
  }, [ui, isDesktop])
  useEffect(() => {
    if (link === 'open') void refresh()
  }, [link, refresh, settings])
  return { places, refresh }
}

/** A browser may only use the folders Shoal was started with, so a folder for downloads elsewhere is not for it. */
function choicesOf(folders: readonly HostFolder[], { downloads }: Storage, isDesktop: boolean): PlaceChoice[] {
  const first = folders.find(({ id }) => id === downloads.folder)
  if (first != null) return [first, ...folders.filter(folder => folder !== first)]
  return isDesktop ? [{ id: null, name: downloads.name, roomBytes: downloads.roomBytes }, ...folders] : [...folders]
}

/** The chosen one, as long as it is there; else the first. */
export const chosenPlace = ({ choices }: Places, id: number | null | undefined): PlaceChoice | undefined =>
  choices.find(choice => choice.id === id) ?? choices[0]

export function PlaceField({
  label,
  places,
  value,
  onChange,
  onPicked,
  isDisabled = false
}: {
  label: string
  places: Places
  value: PlaceChoice
  onChange: (id: number | null) => void
  /** One more folder was chosen in the system's dialog; awaited before it becomes the value. */
  onPicked: () => Promise<void>
  isDisabled?: boolean
}) {
  const { ui, t, formats } = useUi()
  const { desktop } = ui.platform
  const options = places.choices.map(({ id, name }) => ({ id: id == null ? DEFAULT : String(id), name }))
  const pick = async (): Promise<void> => {
    const { folder } = (await desktop?.client.pickPlace({})) ?? { folder: null }
    if (folder == null) return
    await onPicked()
    onChange(folder.id)
  }
  return (
    <Choose
      label={label}
      value={value.id == null ? DEFAULT : String(value.id)}
      isDisabled={isDisabled}
      options={desktop == null ? options : [...options, { id: PICK, name: t('save.elsewhere') }]}
      onChange={id => {
        if (id === PICK) void ui.try(pick)
        else onChange(id === DEFAULT ? null : Number(id))
      }}
      {...(value.roomBytes != null && { hint: t('room', { bytes: formats.bytes(value.roomBytes) }) })}
    />
  )
}
