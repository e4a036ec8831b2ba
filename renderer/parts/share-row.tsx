// One share, or one in the making: its row, and what can be done with it.
import { Copy, FolderOpen, QrCode, RotateCw, ShieldCheck, Trash2, X } from 'lucide-react'
import { memo } from 'react'
import type { Share, ShareJob } from '../../app/contract/shapes.ts'
import { jobSentence, shareSentence, type Tone } from '../status-sentence.ts'
import { useStore } from '../watch.ts'
import { type Context, useUi } from '../ui.ts'
import type { Choice } from './controls.tsx'
import { copyLinkAndSay } from './copy-when-shared.ts'
import { KindIcon, Row } from './row.tsx'
import { startVerify } from './verify.ts'

export function shareTone({ state, readers }: Share): Tone {
  if (state === 'changed' || state === 'missing') return 'failed'
  return state === 'indexing' || readers > 0 ? 'active' : 'quiet'
}

/** What stands on the disk is no longer what was shared: it is shared again, or no more. Anything else would lead to what nobody can get. */
export function shareChoices(row: Share, context: Context): Choice[] {
  const { root, name, state } = row
  const { ui, say } = context
  const isGone = state === 'changed' || state === 'missing'
  const choices: (Choice | false)[] = [
    state === 'changed' && {
      id: 'again',
      label: say('share.again'),
      icon: RotateCw,
      run: () => void ui.try(async () => ui.session.client.share.again({ root })),
      inRow: true
    },
    !isGone && {
      id: 'copy',
      label: say('copy.link'),
      icon: Copy,
      run: () => void copyLinkAndSay(ui, { root }, say('copied')),
      inRow: true
    },
    !isGone && {
      id: 'qr',
      label: say('show.qr'),
      icon: QrCode,
      run: () => ui.sheet.set({ type: 'link', root }),
      inRow: true
    },
    state !== 'missing' &&
      ui.platform.desktop != null && {
        id: 'show',
        label: say('show.folder'),
        icon: FolderOpen,
        run: () => void ui.try(async () => ui.platform.desktop?.client.showShare({ root }))
      },
    !isGone && {
      id: 'verify',
      label: say('verify'),
      icon: ShieldCheck,
      run: () => {
        ui.drawer.set({ type: 'share', root })
        void startVerify(ui, root)
      }
    },
    {
      id: 'stop',
      label: say('stop'),
      icon: Trash2,
      isDanger: true,
      run: () => {
        ui.drawer.set(null)
        ui.later(root, say('stopped', { name }), async () => ui.session.client.share.remove({ root }))
      }
    }
  ]
  return choices.filter(choice => choice !== false)
}

function ShareRowNow({ row }: { row: Share }) {
  const context = useUi()
  const { ui, say, formats } = context
  const drawer = useStore(ui.drawer)
  const isOpen = drawer?.type === 'share' && drawer.root === row.root
  return (
    <Row
      name={row.name}
      icon={<KindIcon name={row.name} isFolder={row.files !== 1 || !row.name.includes('.')} />}
      sentence={shareSentence(row, say, formats)}
      tone={shareTone(row)}
      isOpen={isOpen}
      onOpen={() => ui.drawer.set(isOpen ? null : { type: 'share', root: row.root })}
      choices={shareChoices(row, context)}
      menuLabel={say('menu.of', { name: row.name })}
    />
  )
}

/** Drawn again only when its row is another. */
export const ShareRow = memo(ShareRowNow)

export function JobRow({ job }: { job: ShareJob }) {
  const { ui, say, formats } = useUi()
  const isOver = job.state !== 'indexing'
  const cancel: Choice = {
    id: 'cancel',
    label: say('cancel'),
    icon: X,
    run: () => void ui.try(async () => ui.session.client.share.cancel({ job: job.job })),
    inRow: true
  }
  return (
    <Row
      name={job.name}
      icon={<KindIcon name={job.name} isFolder={!job.name.includes('.')} />}
      sentence={jobSentence(job, say, formats)}
      tone={job.state === 'failed' ? 'failed' : isOver ? 'quiet' : 'active'}
      {...(!isOver && { part: job.total == null || job.total === 0 ? null : job.bytes / job.total })}
      choices={isOver ? [] : [cancel]}
      menuLabel={say('menu.of', { name: job.name })}
    />
  )
}
