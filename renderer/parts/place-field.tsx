// Where something is to be saved: one of the folders Shoal was started with.
import { useEffect, useState } from 'react'
import type { Client } from '../client.ts'
import { useUi } from '../ui.ts'
import { Choose } from './fields.tsx'

export type HostFolder = Awaited<ReturnType<Client['grant']['folders']>>[number]

/** Null until they are known. */
export function useFolders(): readonly HostFolder[] | null {
  const { ui } = useUi()
  const [folders, setFolders] = useState<readonly HostFolder[] | null>(null)
  useEffect(() => {
    void (async () => setFolders(await ui.session.client.grant.folders({})))().catch(() => setFolders([]))
  }, [ui])
  return folders
}

export function PlaceField({
  folders,
  value,
  onChange
}: {
  folders: readonly HostFolder[]
  value: number
  onChange: (id: number) => void
}) {
  const { say, formats } = useUi()
  const free = folders.find(folder => folder.id === value)?.freeBytes
  return (
    <Choose
      label={say('save.to')}
      value={String(value)}
      options={folders.map(({ id, name }) => ({ id: String(id), name }))}
      onChange={id => onChange(Number(id))}
      {...(free != null && { hint: say('free', { bytes: formats.bytes(free) }) })}
    />
  )
}
