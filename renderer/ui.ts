// What every screen may do beside showing: open a sheet or the drawer, say something in passing, take something back.
import { createContext, useContext } from 'react'
import { type Client, failureOf } from './client.ts'
import type { Formats } from './format.ts'
import type { Model } from './model.ts'
import type { Dropped, Platform } from './platform.ts'
import type { Code } from './sentences.ts'
import type { Session } from './session.ts'
import { Store } from './store.ts'
import type { Say } from './words/words.ts'

export const SCREENS = ['home', 'transfers', 'library', 'peers', 'settings'] as const
export type Screen = (typeof SCREENS)[number]

/** Decisions: one at a time, never one over another. */
export type Sheet =
  | { readonly type: 'preview'; readonly link: string }
  | { readonly type: 'link'; readonly root: string }
  | { readonly type: 'folders' }
  | { readonly type: 'upload'; readonly dropped: Dropped }
  | { readonly type: 'problem'; readonly title: string; readonly code: Code; readonly detail: string }
  | {
      readonly type: 'confirm'
      readonly title: string
      readonly text: string
      readonly action: string
      readonly run: () => void
    }

/** Details. */
export type Drawer =
  | { readonly type: 'transfer'; readonly id: string }
  | { readonly type: 'share'; readonly root: string }
  | { readonly type: 'peer'; readonly peerId: string }

export interface Toast {
  readonly id: number
  readonly text: string
  readonly code?: Code
  readonly undo?: () => void
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void }
}

const TOAST_MS = 6_000
export const UNDO_MS = 10_000

export class Ui {
  readonly screen: Store<Screen>
  readonly sheet = new Store<Sheet | null>(null)
  readonly drawer = new Store<Drawer | null>(null)
  readonly toasts = new Store<readonly Toast[]>([])
  /** Keys of rows that go away unless they are taken back. */
  readonly leaving = new Store<ReadonlySet<string>>(new Set())
  readonly session: Session<Client>
  readonly model: Model
  readonly platform: Platform
  readonly #pending = new Map<string, () => void>()
  #toastId = 0

  constructor(session: Session<Client>, model: Model, platform: Platform, screen: Screen) {
    this.session = session
    this.model = model
    this.platform = platform
    this.screen = new Store(screen)
  }

  go(screen: Screen): void {
    this.drawer.set(null)
    this.screen.set(screen)
  }

  say(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
    const id = ++this.#toastId
    this.toasts.set([...this.toasts.get().slice(-2), { id, text, ...more }])
    setTimeout(() => this.dismiss(id), more.undo != null || more.action != null ? UNDO_MS : TOAST_MS)
  }

  dismiss(id: number): void {
    this.toasts.set(this.toasts.get().filter(toast => toast.id !== id))
  }

  /** Awaits what the user asked for; a failure is said. True when it worked. */
  async try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (thrown) {
      const { code } = failureOf(thrown)
      if (code !== 'cancelled') this.say('', { code })
      return false
    }
  }

  /** Hides a row at once and does it for good ten seconds later, or when the page goes. */
  later(key: string, text: string, work: () => Promise<unknown>): void {
    const show = (): void => {
      const left = new Set(this.leaving.get())
      left.delete(key)
      this.leaving.set(left)
    }
    const run = (): void => {
      clearTimeout(timer)
      if (this.#pending.delete(key)) void this.try(work).then(show)
    }
    const timer = setTimeout(run, UNDO_MS)
    this.#pending.set(key, run)
    this.leaving.set(new Set(this.leaving.get()).add(key))
    const undo = (): void => {
      clearTimeout(timer)
      this.#pending.delete(key)
      show()
    }
    this.say(text, { undo })
  }

  /** The page goes: what waits to be undone is done. */
  flush(): void {
    this.#pending.forEach(run => run())
  }
}

export interface Context {
  readonly ui: Ui
  readonly say: Say
  readonly formats: Formats
}
export const UiContext = createContext<Context | null>(null)

export function useUi(): Context {
  const context = useContext(UiContext)
  if (context == null) throw new Error('No UiContext above')
  return context
}
