// What the process that shows the desktop's window does for its page, beside the engine's contract: the system's own dialogs and folders, how the
// program starts and stays, what came from outside the page. A browser has none of it. Served on a port of its own, by the same rules.
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { PLACES } from './places.ts'
import { Folder, Grant, LinkText, Root, TransferId } from './shapes.ts'

const nothing = z.object({})
const done = z.object({})
const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => oc.input(input).output(output)
const feed = <O extends z.ZodType>(value: O) => oc.input(nothing).output(eventIterator(value))

/** A newer version: there, on its way here, ready to be installed. */
export const Update = z.object({ version: z.string().max(64), state: z.enum(['available', 'loading', 'ready']) })
export type Update = z.infer<typeof Update>

/** A small feed of whole snapshots. */
export const WindowState = z.object({
  openAtLogin: z.boolean().nullable(), // null: not possible here
  staysOpen: z.boolean().nullable(), // goes on without a window when it is closed; null: always so, or not possible
  isEngineRunning: z.boolean(),
  update: Update.nullable() // null: none is known
})
export type WindowState = z.infer<typeof WindowState>

/** What a menu, a link opened in the system, a notification or a second start wants the page to show. Each is handed to one page, once. */
export const WindowAsk = z.discriminatedUnion('type', [
  z.object({ type: z.literal('link'), link: LinkText }),
  z.object({ type: z.literal('place'), place: z.enum(PLACES) }),
  z.object({ type: z.literal('transfer'), id: TransferId }),
  z.object({ type: z.literal('pick'), what: z.enum(['files', 'folder']) }),
  z.object({ type: z.literal('leave') }) // Shoal ends: what waits to be undone is done now, and `left` is called
])
export type WindowAsk = z.infer<typeof WindowAsk>

export const windowContract = {
  window: {
    state: feed(WindowState),
    asks: feed(WindowAsk),
    /** What to share, chosen in the system's dialog: a grant for each; none when the user chose nothing. */
    pick: call(z.object({ what: z.enum(['files', 'folder']) }), z.object({ grants: z.array(Grant) })),
    /** A folder to save to, chosen in the system's dialog, from now on among `grant.folders`; null when the user chose none. */
    pickPlace: call(nothing, z.object({ folder: Folder.nullable() })),
    /** Opens the system's file manager there. Throws not-found. */
    showTransfer: call(z.object({ id: TransferId }), done),
    showShare: call(z.object({ root: Root }), done),
    /** Puts it on the clipboard, also while the window is not in front. */
    copy: call(z.object({ text: LinkText }), done),
    change: call(z.object({ openAtLogin: z.boolean().optional(), staysOpen: z.boolean().optional() }), done),
    /** So that menus speak the page's language and the system's own surfaces have its colours. */
    look: call(z.object({ theme: z.enum(['system', 'light', 'dark']), language: z.string().min(2).max(16) }), done),
    /** Loads the newer version; the state says when it is there. Throws not-found, forbidden. */
    fetchUpdate: call(nothing, done),
    /** Asks as quitting does, ends Shoal and installs. Throws not-found. */
    installUpdate: call(nothing, done),
    /** The answer to `leave`. */
    left: call(nothing, done),
    /** Starts the engine again after it ended by itself. Throws what its start throws. */
    restart: call(nothing, done)
  }
}
export type WindowContract = typeof windowContract
