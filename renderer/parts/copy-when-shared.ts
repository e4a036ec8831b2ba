// A share that has just been made: its link goes to the clipboard, and the page says so; or why it was not made.
import { useEffect } from 'react'
import type { ShareJob, WireError } from '../../app/contract/shapes.ts'
import { type LinkTo, type Ui, useUi } from '../ui.ts'

const MAX_FRESH = 3
const MAX_NAMES = 10

/** Every state of every job is looked at: one that is made at once may never be drawn as it is made. What was over before this page came is old. */
export function useCopyWhenShared(): void {
  const { ui, t } = useUi()
  useEffect(() => {
    const { jobs } = ui.model
    const isOver = ({ state }: ShareJob): boolean => state !== 'indexing'
    let told: ReadonlySet<string> | null = null
    const look = (): void => {
      const now = jobs.get()
      if (now == null) return
      const over = now.filter(isOver)
      const before = told
      told = new Set(over.map(({ job }) => job))
      if (before != null) over.filter(({ job }) => !before.has(job)).forEach(tell)
    }
    const tell = (job: ShareJob): void => {
      const { state, root, name, leftOut } = job
      if (state === 'failed') tellFailed(ui, job)
      if (state !== 'done' || root == null) return
      ui.toasts.keep(root) // it was to go away, and is wanted again
      ui.fresh.set([root, ...ui.fresh.get().filter(other => other !== root)].slice(0, MAX_FRESH))
      void copyLink(ui, { root }).then(isCopied => ui.toast(t(isCopied ? 'share.done.copied' : 'share.done', { name })))
      if (leftOut != null) ui.toast(t('share.leftOut', { name, names: listed(leftOut, ', ', 3) }))
    }
    look()
    return jobs.subscribe(look)
  }, [ui, t])
}

/** Which file it is no sentence of a code can say; its name needs no translation. */
const NAMES_FILES: readonly WireError['code'][] = ['unsafe-name', 'usage', 'too-large', 'source-changed']

/** A sheet, or in passing while another is open. */
function tellFailed(ui: Ui, { job, name: title, error, leftOut }: ShareJob): void {
  if (error == null) return
  const { code, message } = error
  if (ui.sheet.get() != null) return ui.toast('', { code })
  const detail = leftOut != null ? listed(leftOut, '\n', MAX_NAMES) : NAMES_FILES.includes(code) ? message : ''
  ui.sheet.set({ type: 'problem', title, code, detail, ...(leftOut != null && { withoutUnreadable: job }) })
}

const listed = ({ count, names }: NonNullable<ShareJob['leftOut']>, between: string, most: number): string =>
  names.slice(0, most).join(between) + (count > most ? `${between}…` : '')

/** The link of a share; of a finished transfer that is shared no more, the one it was got with. */
export async function linkTo(ui: Ui, { root, transfer }: LinkTo): Promise<string> {
  const { client } = ui.session
  const isShared = transfer == null || ui.model.shares.get().rows.has(root)
  return (isShared ? await client.share.link({ root }) : await client.transfer.link({ id: transfer })).link
}

/** False when the browser does not let a page write to the clipboard now: it is not in front, or nothing was pressed. */
async function copyLink(ui: Ui, of: LinkTo): Promise<boolean> {
  try {
    await ui.platform.copy(await linkTo(ui, of))
    return true
  } catch {
    return false
  }
}

export async function copyLinkAndSay(ui: Ui, of: LinkTo, copied: string): Promise<void> {
  if (await copyLink(ui, of)) ui.toast(copied)
  else ui.sheet.set({ type: 'link', ...of }) // from there it can be taken by hand
}
