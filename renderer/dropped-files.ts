// What was dropped, pasted or picked, as browsers hand it over.
import type { Dropped, DroppedFile } from './platform.ts'

/** Files picked in a dialog; those of a picked folder know their place in it. */
export function droppedFiles(files: readonly File[]): Dropped {
  const all = files.map(file => ({
    path: file.webkitRelativePath === '' ? [file.name] : file.webkitRelativePath.split('/'),
    file
  }))
  return {
    names: [...new Set(all.map(({ path }) => path[0] ?? ''))],
    tops: files,
    files: () => Promise.resolve(all)
  }
}

/** To be called inside the event: afterwards the browser has emptied it. */
export function droppedItems(transfer: DataTransfer): Dropped | undefined {
  const entries = [...transfer.items].flatMap(item => item.webkitGetAsEntry() ?? [])
  if (entries.length > 0)
    return {
      names: entries.map(entry => entry.name),
      tops: [...transfer.files],
      files: async () => (await Promise.all(entries.map(entry => filesIn(entry, [])))).flat()
    }
  return transfer.files.length > 0 ? droppedFiles([...transfer.files]) : undefined
}

async function filesIn(entry: FileSystemEntry, above: readonly string[]): Promise<DroppedFile[]> {
  const path = [...above, entry.name]
  if (entry.isFile) {
    // the flag says which of the two it is
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    return [{ path, file }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader() // as above
  const found: DroppedFile[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return found
    for (const one of some) found.push(...(await filesIn(one, path)))
  }
}
