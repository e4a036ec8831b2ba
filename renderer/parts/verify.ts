// Reading a share again: started from anywhere, shown in the drawer; it goes on until it is over or the page closes.
import type { VerifyEvent } from '../../app/contract/shapes.ts'
import { failureOf } from '../client.ts'
import type { Code } from '../sentences.ts'
import { Store } from '../store.ts'
import type { Ui } from '../ui.ts'

export type Verifying = VerifyEvent | { readonly type: 'failed'; readonly code: Code }

/** By root. */
export const verifying = new Store<ReadonlyMap<string, Verifying>>(new Map())

export async function startVerify(ui: Ui, root: string): Promise<void> {
  if (verifying.get().get(root)?.type === 'progress') return
  const set = (value: Verifying): void => verifying.set(new Map(verifying.get()).set(root, value))
  set({ type: 'progress', bytes: 0, total: null, rate: 0 })
  try {
    for await (const event of await ui.session.client.share.verify({ root })) set(event)
  } catch (error) {
    set({ type: 'failed', code: failureOf(error).code })
  }
}
