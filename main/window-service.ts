// The handlers behind the window's contract. Nothing of Electron here: what they do to the system is passed in.
import type { Client } from '../app/engine/client.ts'
import type { WindowService } from '../app/contract/service.ts'
import type { WindowState } from '../app/contract/window-contract.ts'
import type { ValueFeed } from '../app/service/snapshot-feed.ts'
import { CodedError } from '../core/errors.ts'
import type { PendingIntents } from './pending-intents.ts'
import type { Memory } from './window-memory.ts'

export interface WindowParts {
  readonly state: ValueFeed<WindowState>
  readonly asks: PendingIntents
  /** At the command line's door. Throws while there is no engine. */
  readonly client: () => Client
  /** Absolute paths the user chose; none when they thought better of it. */
  readonly choose: (what: 'files' | 'folder' | 'place') => Promise<readonly string[]>
  /** Opens the file manager on it. */
  readonly reveal: (path: string) => void
  readonly copy: (text: string) => Promise<void>
  readonly look: (look: Pick<Memory, 'theme' | 'language'>) => void
  /** Whether it is so now: the system may want to be asked first. */
  readonly openAtLogin: (should: boolean) => boolean
  readonly stayOpen: (should: boolean) => void
  readonly restart: () => Promise<void>
  readonly fetchUpdate: () => Promise<void>
  readonly installUpdate: () => void
  /** The page has done what it was asked to do before it goes. */
  readonly left: () => void
}

export function createWindowService(parts: WindowParts): WindowService {
  const { state, asks, client } = parts
  return {
    window: {
      state: (_, { signal }) => state.read(signal),
      asks: (_, { signal }) => asks.read(signal),
      async pick({ what }) {
        const paths = await parts.choose(what)
        return paths.length === 0 ? { grants: [] } : client().grant.paths({ paths: [...paths], use: 'read' })
      },
      async pickPlace() {
        const [path] = await parts.choose('place')
        return path == null ? { folder: null } : client().grant.addFolder({ path })
      },
      async showTransfer({ id }) {
        const path = (await client().transfer.list({})).find(row => row.id === id)?.path
        if (path == null) throw new CodedError('not-found', 'Where that was saved is not known.')
        parts.reveal(path)
        return {}
      },
      async showShare({ root }) {
        parts.reveal((await client().share.where({ root })).path)
        return {}
      },
      async copy({ text }) {
        await parts.copy(text)
        return {}
      },
      change(to) {
        change(parts, to)
        return {}
      },
      look(look) {
        parts.look(look)
        return {}
      },
      async fetchUpdate() {
        await parts.fetchUpdate()
        return {}
      },
      installUpdate() {
        parts.installUpdate()
        return {}
      },
      left() {
        parts.left()
        return {}
      },
      async restart() {
        await parts.restart()
        return {}
      }
    }
  }
}

/** What is not possible here stays as it is. */
function change(parts: WindowParts, to: { openAtLogin?: boolean | undefined; staysOpen?: boolean | undefined }): void {
  const { state } = parts
  const { openAtLogin, staysOpen } = state.value
  if (to.openAtLogin != null && openAtLogin != null) {
    state.set({ ...state.value, openAtLogin: parts.openAtLogin(to.openAtLogin) })
  }
  if (to.staysOpen != null && staysOpen != null) {
    parts.stayOpen(to.staysOpen)
    state.set({ ...state.value, staysOpen: to.staysOpen })
  }
}
