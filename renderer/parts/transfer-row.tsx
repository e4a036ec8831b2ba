// One transfer: its row, and what can be done with it.
import {
  ArrowDown,
  ArrowDownToLine,
  ArrowUp,
  ArrowUpToLine,
  FolderOpen,
  FolderSearch,
  Link,
  type LucideIcon,
  Pause,
  Play,
  RotateCw,
  Trash2,
  X
} from 'lucide-react'
import { memo } from 'react'
import type { Transfer } from '../../app/contract/shapes.ts'
import { isQueued, type Move, placeBefore } from '../queue-order.ts'
import { isOwnDiskFull } from '../model.ts'
import { isElsewhereOfUse } from '../sentences.ts'
import { toneOf, transferSentence } from '../status-sentence.ts'
import { useChosen, useStore } from '../use-store.ts'
import { receiveText } from '../incoming.ts'
import { type Context, type Ui, useUi } from '../ui.ts'
import type { Choice } from './controls.tsx'
import { copyLinkAndSay } from './copy-when-shared.ts'
import { KindIcon, Row } from './row.tsx'

export const RUNNING = ['finding', 'fetching', 'verifying', 'waiting', 'disk-full'] as const
export const isRunning = ({ state }: Transfer): boolean => RUNNING.some(running => running === state)
/** It ends by itself, sooner or later. */
export const isGoingOn = (row: Transfer): boolean => isRunning(row) || isQueued(row)

/** Where it may go in the queue. */
const MOVES = [
  { move: 'up', icon: ArrowUp },
  { move: 'down', icon: ArrowDown },
  { move: 'front', icon: ArrowUpToLine },
  { move: 'end', icon: ArrowDownToLine }
] as const satisfies readonly { move: Move; icon: LucideIcon }[]

/** With Alt, as lines are moved in editors. */
const KEYS: Partial<Record<string, Move>> = { ArrowUp: 'up', ArrowDown: 'down' }

function moveInQueue(ui: Ui, id: string, move: Move): void {
  const before = placeBefore(ui.queue.get(), id, move)
  if (before !== undefined) void ui.try(async () => ui.session.client.transfer.move({ id, before }))
}

export function transferChoices(row: Transfer, { ui, t }: Context, isFull: boolean): Choice[] {
  const { id, root } = row
  const call = (work: 'pause' | 'resume' | 'retry' | 'startNow') => () =>
    void ui.try(async () => ui.session.client.transfer[work]({ id }))
  const cancel = (): void =>
    ui.sheet.set({
      type: 'confirm',
      title: t('cancel.title', { name: nameOf(row) }),
      text: t('cancel.text'),
      action: t('cancel.action'),
      run: () => void ui.try(async () => ui.session.client.transfer.cancel({ id }))
    })
  const remove = (): void => {
    const drawer = ui.drawer.get()
    if (drawer?.type === 'transfer' && drawer.id === id) ui.drawer.set(null)
    ui.later(id, t('removed', { name: nameOf(row) }), async () => ui.session.client.transfer.remove({ id }))
  }
  const choices: (Choice | false)[] = [
    isQueued(row) && { id: 'start', label: t('queue.start'), icon: Play, run: call('startNow'), inRow: true },
    ...MOVES.map(
      ({ move, icon }) =>
        placeBefore(ui.queue.get(), id, move) !== undefined && {
          id: move,
          label: t(`queue.${move}`),
          icon,
          run: () => moveInQueue(ui, id, move),
          inMenuOnly: true
        }
    ),
    isGoingOn(row) && { id: 'pause', label: t('pause'), icon: Pause, run: call('pause'), inRow: true },
    row.state === 'paused' && { id: 'resume', label: t('resume'), icon: Play, run: call('resume'), inRow: true },
    (row.state === 'failed' || row.state === 'disk-full') && retryChoice(row, call('retry'), { ui, t }),
    isElsewhereOfUse(row, isFull) && {
      id: 'elsewhere',
      label: t('get.elsewhere'),
      icon: FolderSearch,
      run: () => lookInside(ui, id)
    },
    row.state === 'done' &&
      ui.platform.desktop != null && {
        id: 'show',
        label: t('show.folder'),
        icon: FolderOpen,
        run: () => void showTransfer(ui, id),
        inRow: true
      },
    row.state === 'done' && {
      id: 'copy',
      label: t('copy.link'),
      icon: Link,
      run: () => void copyLinkAndSay(ui, { root, transfer: id }, t('copied')),
      inRow: true
    },
    row.state === 'done'
      ? { id: 'remove', label: t('remove'), icon: X, run: remove }
      : { id: 'cancel', label: t('cancel'), icon: Trash2, run: cancel, isDanger: true }
  ]
  return choices.filter(choice => choice !== false)
}

function retryChoice({ id, error }: Transfer, retry: () => void, { ui, t }: Pick<Context, 'ui' | 't'>): Choice {
  const run = error?.code === 'too-large' ? () => lookInside(ui, id) : retry // asks first
  return { id: 'retry', label: t('retry'), icon: RotateCw, run, inRow: true }
}

/** Its link is opened again: where to, which files, whether so many. */
function lookInside(ui: Ui, id: string): void {
  void ui.try(async () => receiveText(ui, (await ui.session.client.transfer.link({ id })).link))
}

/** In the system's file manager. */
export const showTransfer = async (ui: Ui, id: string): Promise<boolean> =>
  ui.try(async () => ui.platform.desktop?.client.showTransfer({ id }))

export const nameOf = ({ name, root }: { name: string; root: string }): string =>
  name === '' ? `${root.slice(0, 16)}…` : name

export function partOf({ bytes, total, state }: Transfer): number | null {
  if (state === 'done') return 1
  if (total == null) return null
  return total === 0 ? 1 : Math.min(1, bytes / total)
}

function TransferRowNow({ row }: { row: Transfer }) {
  const context = useUi()
  const { ui, t, formats } = context
  const drawer = useStore(ui.drawer)
  const isFull = useChosen(ui.model.status, isOwnDiskFull)
  useStore(ui.queue) // who is last may move no further down
  const isOpen = drawer?.type === 'transfer' && drawer.id === row.id
  const name = nameOf(row)
  const part = partOf(row)
  return (
    <Row
      name={name}
      icon={<KindIcon name={name} isFolder={!/\.\w{1,5}$/.test(name)} />}
      sentence={transferSentence(row, t, formats)}
      tone={toneOf(row)}
      {...(row.state !== 'done' && { part: part == null && !isRunning(row) ? 0 : part })}
      isOpen={isOpen}
      onOpen={() => ui.drawer.set(isOpen ? null : { type: 'transfer', id: row.id })}
      choices={transferChoices(row, context, isFull)}
      {...(isQueued(row) && {
        keys: 'Alt+ArrowUp Alt+ArrowDown',
        onKey: ({ altKey, key }) => {
          const move = altKey ? KEYS[key] : undefined
          if (move != null) moveInQueue(ui, row.id, move)
          return move != null
        }
      })}
      menuLabel={t('menu.of', { name })}
    />
  )
}

/** Drawn again only when its row is another. */
export const TransferRow = memo(TransferRowNow)
