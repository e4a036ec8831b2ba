// What the user chose for good. Who acts on it is told by the settings themselves.
import type { Service } from '../../contract/service.ts'
import { shownSettings } from '../settings.ts'
import { ValueFeed } from '../snapshot-feed.ts'
import type { HandlerParts } from './parts.ts'

export function settingsHandlers(parts: HandlerParts): Service['settings'] {
  const { settings, grants, folders, dataDirs, limits } = parts
  const feed = new ValueFeed(shownSettings(settings.value))
  return {
    get: () => shownSettings(settings.value),
    set({ downloads, ...named }) {
      const folder = downloads == null ? {} : { downloads: grants.take(downloads, 'write') }
      if (folder.downloads != null) dataDirs.refuse(folder.downloads)
      const chosen = definedOf(named)
      const shown = shownSettings(settings.change({ ...chosen, ...folder }))
      limits.choose(chosen)
      feed.set(shown)
      return shown
    },
    feed: (_, { signal }) => feed.read(signal),
    async storage() {
      const downloads = await folders.describe(parts.downloads())
      return { downloads, indexBytes: parts.indexBytes() }
    }
  }
}

/** A partial without the keys that are there and undefined. */
function definedOf<T extends object>(partial: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const named = Object.entries(partial).filter(([, value]) => value !== undefined)
  return Object.fromEntries(named) as { [K in keyof T]?: Exclude<T[K], undefined> } // the same keys, fewer of them
}
