// A row: icon by kind of content, name, one sentence, a thin bar; actions on hover and focus, and all of them in its menu. A list of thousands makes and
// drops screens of rows while it scrolls, so a row holds no more than what is seen of it: its buttons are made when the pointer or the focus comes.
import { useState } from 'react'
import { File, FileArchive, FileImage, FileMusic, FileText, FileVideo, Folder, type LucideIcon } from 'lucide-react'
import type { Tone } from '../status-sentence.ts'
import { type Choice, IconAction, RowMenu } from './controls.tsx'

const KINDS: readonly [RegExp, LucideIcon][] = [
  [/\.(jpe?g|png|gif|webp|heic|avif|svg|tiff?|raw|dng)$/i, FileImage],
  [/\.(mp4|mkv|mov|avi|webm|m4v)$/i, FileVideo],
  [/\.(mp3|flac|ogg|opus|wav|m4a|aac)$/i, FileMusic],
  [/\.(zip|7z|rar|tar|gz|xz|zst|bz2|iso|dmg|img)$/i, FileArchive],
  [/\.(txt|md|pdf|docx?|odt|rtf|epub|csv|xlsx?|ods|pptx?|html?)$/i, FileText]
]

export function KindIcon({ name, isFolder, size = 20 }: { name: string; isFolder: boolean; size?: number }) {
  const Icon = isFolder ? Folder : (KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? File)
  return <Icon size={size} strokeWidth={1.75} aria-hidden className="kind" />
}

export function Bar({ part, tone }: { part: number | null; tone: Tone }) {
  return (
    <div className="bar" data-tone={tone} data-unknown={part == null || undefined} aria-hidden="true">
      <div className="bar-fill" style={{ transform: `scaleX(${part ?? 1})` }} />
    </div>
  )
}

/** Where there is no pointer to come near with, they are always there. */
const HAS_NO_HOVER = matchMedia('(hover: none)').matches

export interface RowProps {
  readonly name: string
  readonly icon: React.ReactNode
  readonly sentence: string
  readonly tone: Tone
  /** 0..1; null: going on, nobody knows how far; undefined: no bar. */
  readonly part?: number | null
  readonly isOpen?: boolean
  readonly onOpen?: () => void
  readonly choices: readonly Choice[]
  readonly menuLabel: string
  /** Keys of its own, as aria-keyshortcuts writes them; `onKey` answers whether it took one. */
  readonly keys?: string
  readonly onKey?: (event: React.KeyboardEvent) => boolean
}

export function Row({
  name,
  icon,
  sentence,
  tone,
  part,
  isOpen = false,
  onOpen,
  choices,
  menuLabel,
  keys,
  onKey
}: RowProps) {
  const [isNear, setNear] = useState(HAS_NO_HOVER)
  return (
    <div
      className="row"
      data-open={isOpen || undefined}
      onPointerEnter={() => setNear(true)}
      onPointerLeave={event => setNear(HAS_NO_HOVER || event.currentTarget.contains(document.activeElement))}
      onFocus={() => setNear(true)}
      onBlur={event =>
        setNear(
          HAS_NO_HOVER || event.currentTarget.matches(':hover') || event.currentTarget.contains(event.relatedTarget)
        )
      }
    >
      <span className="row-icon">{icon}</span>
      {/* with nothing to open yet it is there all the same: it keeps the focus when there is */}
      <button
        type="button"
        className="row-main"
        data-row-main=""
        onClick={onOpen}
        aria-keyshortcuts={keys}
        onKeyDown={event => {
          if (onKey?.(event) !== true) return
          event.preventDefault()
          event.stopPropagation() // the list has its own use for arrows
        }}
        aria-disabled={onOpen == null || undefined}
        aria-expanded={onOpen == null ? undefined : isOpen}
      >
        <bdi className="row-name">{name}</bdi>
        <span className="row-sentence" data-tone={tone}>
          {sentence}
        </span>
      </button>
      <Actions choices={choices} menuLabel={menuLabel} isNear={isNear} />
      {part !== undefined && <Bar part={part} tone={tone} />}
    </div>
  )
}

function Actions({ choices, menuLabel, isNear }: Pick<RowProps, 'choices' | 'menuLabel'> & { isNear: boolean }) {
  return (
    <div className="row-actions">
      {isNear &&
        choices
          .filter(choice => choice.inRow)
          .map(({ id, icon, label, run }) => (
            <span className="row-action" key={id}>
              <IconAction icon={icon} label={label} onPress={run} />
            </span>
          ))}
      {choices.length > 0 && <RowMenu label={menuLabel} choices={choices} />}
    </div>
  )
}
