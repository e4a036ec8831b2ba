// One share, or one in the making: its row, and what can be done with it.
import { Copy, FolderOpen, QrCode, RotateCw, ShieldCheck, Trash2, X } from 'lucide-react'
import { memo } from 'react'
import type { Share, ShareJob } from '../../app/contract/shapes.ts'
import { isShare, type Offer } from '../offers.ts'
import { jobSentence, shareSentence, type Tone } from '../status-sentence.ts'
import { useStore } from '../use-store.ts'
import { type Context, type Drawer, useUi } from '../ui.ts'
import type { Choice } from './controls.tsx'
import { copyLinkAndSay } from './copy-when-shared.ts'
import { KindIcon, Row, type RowProps } from './row.tsx'
import { startVerify } from './verify.ts'

export function shareTone({ state, readers }: Share): Tone {
  if (state === 'changed' || state === 'missing') return 'failed'
  return state === 'indexing' || readers > 0 ? 'active' : 'quiet'
}

/** What stands on the disk is no longer what was shared: it is shared again, or no more. Anything else would lead to what nobody can get. */
export function shareChoices(row: Share, context: Context): Choice[] {
  const { root, name, state } = row
  const { ui, t } = context
  const isGone = state === 'changed' || state === 'missing'
  const choices: (Choice | false)[] = [
    state === 'changed' && {
      id: 'again',
      label: t('share.again'),
      icon: RotateCw,
      run: () => void ui.try(async () => ui.session.client.share.again({ root })),
      inRow: true
    },
    !isGone && {
      id: 'copy',
      label: t('copy.link'),
      icon: Copy,
      run: () => void copyLinkAndSay(ui, { root }, t('copied')),
      inRow: true
    },
    !isGone && {
      id: 'qr',
      label: t('show.qr'),
      icon: QrCode,
      run: () => ui.sheet.set({ type: 'link', root }),
      inRow: true
    },
    state !== 'missing' &&
      ui.platform.desktop != null && {
        id: 'show',
        label: t('show.folder'),
        icon: FolderOpen,
        run: () => void ui.try(async () => ui.platform.desktop?.client.showShare({ root }))
      },
    !isGone && {
      id: 'verify',
      label: t('verify'),
      icon: ShieldCheck,
      run: () => {
        ui.drawer.set({ type: 'share', root })
        void startVerify(ui, root)
      }
    },
    {
      id: 'stop',
      label: t('stop'),
      icon: Trash2,
      isDanger: true,
      run: () => {
        ui.drawer.set(null)
        ui.later(root, t('stopped', { name }), async () => ui.session.client.share.remove({ root }))
      }
    }
  ]
  return choices.filter(choice => choice !== false)
}

/** One and the same row from the first byte that is read to the share: it keeps its focus and its open menu when it becomes one. */
function OfferRowNow({ row }: { row: Offer }) {
  const context = useUi()
  const drawer = useStore(context.ui.drawer)
  return <Row {...(isShare(row) ? shareRow(row, context, drawer) : jobRow(row, context))} />
}

/** Drawn again only when its row is another. */
export const OfferRow = memo(OfferRowNow)

function shareRow(row: Share, { ui, t, formats }: Context, drawer: Drawer | null): RowProps {
  const { root, name } = row
  const isOpen = drawer?.type === 'share' && drawer.root === root
  return {
    name,
    icon: <KindIcon name={name} isFolder={row.files !== 1 || !name.includes('.')} />,
    sentence: shareSentence(row, t, formats),
    tone: shareTone(row),
    isOpen,
    onOpen: () => ui.drawer.set(isOpen ? null : { type: 'share', root }),
    choices: shareChoices(row, { ui, t, formats }),
    menuLabel: t('menu.of', { name })
  }
}

function jobRow(row: ShareJob, { ui, t, formats }: Context): RowProps {
  const { job, name, bytes, total, state } = row
  const isOver = state === 'failed' || state === 'cancelled' // one that is done is a share in a moment
  const cancel: Choice = {
    id: 'cancel',
    label: t('cancel'),
    icon: X,
    run: () => void ui.try(async () => ui.session.client.share.cancel({ job })),
    inRow: true
  }
  return {
    name,
    icon: <KindIcon name={name} isFolder={!name.includes('.')} />,
    sentence: jobSentence(row, t, formats),
    tone: state === 'failed' ? 'failed' : isOver ? 'quiet' : 'active',
    ...(!isOver && { part: total == null || total === 0 ? null : bytes / total }),
    choices: isOver ? [] : [cancel],
    menuLabel: t('menu.of', { name })
  }
}
