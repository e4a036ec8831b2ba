// What stands where a list is not: nothing yet, still coming, could not be had.
import { TriangleAlert, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { isOwnDiskFull } from '../model.ts'
import { type About, type Code, sentenceOf } from '../sentences.ts'
import { useUi } from '../ui.ts'
import { useChosen } from '../use-store.ts'
import { useLasting } from './use-lasting.ts'

const FLASH_MS = 200

export function Empty({
  icon: Icon,
  title,
  text,
  children
}: {
  icon: LucideIcon
  title: string
  text: string
  children?: ReactNode
}) {
  return (
    <div className="empty">
      <Icon size={32} strokeWidth={1.5} aria-hidden />
      <h2>{title}</h2>
      <p>{text}</p>
      {children != null && <div className="actions">{children}</div>}
    </div>
  )
}

/** Nothing for 200 ms, so that what comes quickly does not flash. */
export function Loading({ label }: { label?: string }) {
  const { t } = useUi()
  if (!useLasting(true, FLASH_MS)) return null
  return (
    <div className="loading" role="status">
      <span className="loading-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span>{label ?? t('loading')}</span>
    </div>
  )
}

/** What happened, what is safe, what to do next. */
export function Problem({ code, about = 'anything' }: { code: Code; about?: About }) {
  const { ui, t } = useUi()
  const { what, safe, next } = sentenceOf(code, about, useChosen(ui.model.status, isOwnDiskFull))
  return <Trouble what={t(what)} text={`${t(safe)} ${t(next)}`} />
}

/** The same for what has no code of its own. */
export function Trouble({ what, text }: { what: string; text: string }) {
  return (
    <div className="problem" role="alert">
      <TriangleAlert size={20} aria-hidden />
      <div>
        <strong>{what}</strong>
        <p>{text}</p>
      </div>
    </div>
  )
}
