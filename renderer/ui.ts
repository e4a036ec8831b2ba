// What every screen may do beside showing: open a sheet or the drawer, say something in passing.
import { createContext, useContext } from 'react'
import type { Place } from '../app/contract/places.ts'
import { type Client, Failure, failureOf } from './client.ts'
import type { Formats } from './format.ts'
import { queueOf } from './queue-order.ts'
import type { Model } from './model.ts'
import type { Dropped, Platform } from './platform.ts'
import { NO_OFFERS, nextOffers, type Offers } from './offers.ts'
import { ToastQueue, type Toast } from './toast-queue.ts'
import type { Code } from './sentences.ts'
import type { Session } from './session.ts'
import { Store } from './store.ts'
import type { Translate } from './i18n/languages.ts'

/** What a link is wanted to. */
export interface LinkTo {
  readonly root: string
  readonly transfer?: string
}

/** Decisions: one at a time, never one over another. */
export type Sheet =
  | { readonly type: 'preview'; readonly link: string }
  | ({ readonly type: 'link' } & LinkTo)
  | { readonly type: 'folders' }
  | { readonly type: 'upload'; readonly id: number; readonly dropped: Dropped }
  | {
      readonly type: 'problem'
      readonly title: string
      readonly code: Code
      readonly detail: string
      /** A share that would work without what cannot be read. */
      readonly withoutUnreadable?: string
    }
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

export class Ui {
  readonly screen: Store<Place>
  readonly sheet = new Store<Sheet | null>(null)
  readonly drawer = new Store<Drawer | null>(null)
  readonly toasts = new ToastQueue()
  /** Shares and those in the making, without what is on its way out. */
  readonly offers = new Store<Offers>(NO_OFFERS)
  /** Downloads that wait for their turn, whoever is next first. */
  readonly queue = new Store<readonly string[]>([])
  /** Roots that were shared from this page since it was opened, the newest first. */
  readonly fresh = new Store<readonly string[]>([])
  /** Something is under way in the sheet that would be lost if another took its place. */
  isSheetBusy = false
  readonly session: Session<Client>
  readonly model: Model
  readonly platform: Platform

  constructor(session: Session<Client>, model: Model, platform: Platform, screen: Place) {
    this.session = session
    this.model = model
    this.platform = platform
    this.screen = new Store(screen)
    const { jobs, shares } = model
    const { leaving } = this.toasts
    const look = (): void =>
      this.offers.set(nextOffers(this.offers.get(), jobs.get() ?? [], shares.get().rows, leaving.get()))
    for (const store of [jobs, shares, leaving]) store.subscribe(look)
    model.transfers.subscribe(() => {
      const queue = queueOf(model.transfers.get().rows.values())
      if (queue.join() !== this.queue.get().join()) this.queue.set(queue)
    })
  }

  go(screen: Place): void {
    this.drawer.set(null)
    this.screen.set(screen)
  }

  toast(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
    this.toasts.show(text, more)
  }

  /** Awaits what the user asked for; a failure is said. True when it worked. */
  async try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      const { code } = this.failureOf(error)
      if (code !== 'cancelled') this.toast('', { code })
      return false
    }
  }

  /** As what the user can be told: without a connection whatever went wrong is that. */
  failureOf(error: unknown): Failure {
    const failure = failureOf(error)
    return failure.code === 'internal' && this.session.state.get() !== 'open' ? new Failure('lost', '') : failure
  }

  /** Shares what these one-use tickets name. Where it is made can be seen from Home and Library; from elsewhere the page goes there. */
  async share(grants: readonly string[]): Promise<void> {
    await this.session.client.share.create({ grants: [...grants], skipUnreadable: false })
    const screen = this.screen.get()
    if (screen !== 'home' && screen !== 'library') this.go('library')
  }

  /** Hides a row at once and does it for good ten seconds later; meanwhile it can be taken back. */
  later(key: string, text: string, work: () => Promise<unknown>): void {
    this.toasts.later(key, text, async () => this.try(work))
  }
}

export interface Context {
  readonly ui: Ui
  readonly t: Translate
  readonly formats: Formats
}
export const UiContext = createContext<Context | null>(null)

export function useUi(): Context {
  const context = useContext(UiContext)
  if (context == null) throw new Error('No UiContext above')
  return context
}
