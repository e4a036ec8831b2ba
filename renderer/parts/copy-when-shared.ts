// A share that has just been made: its link goes to the clipboard, and the page says so; or why it was not made.
import { useEffect, useRef } from 'react'
import type { WireError } from '../../app/contract/shapes.ts'
import { useStore } from '../store.ts'
import { type Ui, useUi } from '../ui.ts'

export function useCopyWhenShared(): void {
  const { ui, say } = useUi()
  const jobs = useStore(ui.model.jobs)
  const seen = useRef(new Map<string, string>())
  useEffect(() => {
    for (const { job, state, root, name, error } of jobs) {
      const before = seen.current.get(job)
      seen.current.set(job, state)
      if (before === 'indexing' && state === 'failed' && error != null) tellFailed(ui, name, error)
      if (before !== 'indexing' || state !== 'done' || root == null) continue
      void copyLink(ui, root).then(isCopied => ui.say(say(isCopied ? 'share.done.copied' : 'share.done', { name })))
    }
  }, [jobs, ui, say])
}

/** A sheet, or in passing while another is open. Which files could not be read is the one thing a sentence cannot say. */
function tellFailed(ui: Ui, title: string, { code, message }: WireError): void {
  if (ui.sheet.get() != null) ui.say('', { code })
  else ui.sheet.set({ type: 'problem', title, code, detail: code === 'unreadable' ? message : '' })
}

/** False when the browser does not let a page write to the clipboard now: it is not in front, or nothing was pressed. */
export async function copyLink(ui: Ui, root: string): Promise<boolean> {
  try {
    const { link } = await ui.session.client.share.link({ root })
    await ui.platform.copy(link)
    return true
  } catch {
    return false
  }
}

export async function copyLinkAndSay(ui: Ui, root: string, copied: string): Promise<void> {
  if (await copyLink(ui, root)) ui.say(copied)
  else ui.sheet.set({ type: 'link', root }) // from there it can be taken by hand
}
