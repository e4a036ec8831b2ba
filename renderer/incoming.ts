// What comes in from outside the page: files and links that were dropped, pasted or picked.
import { MAX_LINK_CHARS } from '../app/contract/limits.ts'
import { droppedFiles, droppedItems } from './dropped-files.ts'
import type { Dropped } from './platform.ts'
import type { Ui } from './ui.ts'

const SHARE_FILE = /\.shoal$/i

/** Text from anywhere, treated as a link: it opens the preview and nothing else. Whether it is one, nothing included, is for the engine to say. */
export function receiveText(ui: Ui, text: string): void {
  ui.sheet.set({ type: 'preview', link: text.trim().slice(0, MAX_LINK_CHARS) })
}

/** To be called inside the event. Failures are said. */
export async function receive(ui: Ui, transfer: DataTransfer): Promise<void> {
  const dropped = droppedItems(transfer)
  const text = transfer.getData('text/uri-list') || transfer.getData('text/plain')
  if (dropped == null) return receiveText(ui, text)
  await ui.try(async () => {
    const [only] = dropped.names.length === 1 && SHARE_FILE.test(dropped.names[0] ?? '') ? await dropped.files() : []
    if (only != null && only.file.size <= MAX_LINK_CHARS) return receiveText(ui, await only.file.text())
    if (ui.platform.copiesDropped) return openUpload(ui, dropped)
    await ui.share(await ui.platform.grantsFor(dropped, null, () => {}, new AbortController().signal))
  })
}

/** Files picked in the browser's own dialog. */
export function receivePicked(ui: Ui, files: FileList | null): void {
  if (files != null && files.length > 0) openUpload(ui, droppedFiles([...files]))
}

let uploads = 0
const openUpload = (ui: Ui, dropped: Dropped): void => ui.sheet.set({ type: 'upload', id: ++uploads, dropped })
