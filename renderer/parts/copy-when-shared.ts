// A share that has just been made: its link goes to the clipboard, and the page says so; or why it was not made.
import { useEffect } from 'react'
import type { ShareJob, WireError } from '../../app/contract/shapes.ts'
import { type Ui, useUi } from '../ui.ts'

/** Every state of every job is looked at: one that is made at once may never be drawn as it is made. */
export function useCopyWhenShared(): void {
  const { ui, say } = useUi()
  useEffect(() => {
    const seen = new Map(ui.model.jobs.get().map(({ job, state }) => [job, state]))
    const look = ({ job, state, root, name, error }: ShareJob): void => {
      const before = seen.get(job)
      seen.set(job, state)
      if (before !== 'indexing') return
      if (state === 'failed' && error != null) tellFailed(ui, name, error)
      if (state !== 'done' || root == null) return
      void copyLink(ui, root).then(isCopied => ui.say(say(isCopied ? 'share.done.copied' : 'share.done', { name })))
    }
    return ui.model.jobs.subscribe(() => ui.model.jobs.get().forEach(look))
  }, [ui, say])
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
