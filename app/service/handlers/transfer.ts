// What the user downloads: looked into, begun, moved, paused, limited, taken off the list.
import { parseRoot } from '../../../core/cid.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Store } from '../../../core/store/store.ts'
import type { Service } from '../../contract/service.ts'
import { fileListing } from '../file-listing.ts'
import { Previews } from '../previews.ts'
import type { HandlerParts } from './parts.ts'

export function transferHandlers(parts: HandlerParts): Service['transfer'] {
  const { transfers, grants, dataDirs } = parts
  return {
    ...lookingInto(parts),
    start({ folder, first = false, manyFiles = false, ...asked }) {
      const directory = folder == null ? parts.downloads() : grants.take(folder, 'write')
      dataDirs.refuse(directory)
      return transfers.start({ ...asked, first, manyFiles, directory })
    },
    follow: ({ id }, { signal }) => transfers.follow(id, signal),
    async pause({ id }) {
      await transfers.pause(id)
      return {}
    },
    resume({ id }) {
      transfers.resume(id)
      return {}
    },
    startNow({ id }) {
      transfers.startNow(id)
      return {}
    },
    move({ id, before }) {
      transfers.move(id, before)
      return {}
    },
    retry({ id }) {
      transfers.retry(id)
      return {}
    },
    link: ({ id }) => ({ link: transfers.link(id) }),
    async cancel({ id }) {
      await transfers.cancel(id)
      return {}
    },
    remove({ id }) {
      transfers.remove(id)
      return {}
    },
    limit({ id, downloadBytesPerSecond }) {
      if (transfers.feed.get(id) == null) throw new CodedError('not-found', 'There is no such download.')
      return { downloadBytesPerSecond: transfers.limit(id, downloadBytesPerSecond) }
    },
    list: () => transfers.feed.rows(),
    feed: (_, { signal }) => transfers.feed.read(signal),
    details: ({ id }, { signal }) => transfers.details(id, signal)
  }
}

/** What a link holds, before and while it is downloaded. */
function lookingInto(parts: HandlerParts): Pick<Service['transfer'], 'preview' | 'files'> {
  const { store, connections: swarm, transfers } = parts
  const { contents } = transfers
  const hereBytes = (root: string): number => contents.hereBytes(root, parts.downloads())
  const previews = new Previews({ store, swarm, mode: parts.network?.mode, hereBytes })
  return {
    preview: ({ link }, { signal }) => previews.read(link, signal),
    async files({ root, offset, limit }) {
      const layout =
        contents.runningLayout(root) ??
        previews.layout(root) ??
        (await storedLayout(store, root)) ??
        (await contents.layout(root))
      if (layout == null) throw new CodedError('not-found', 'What is inside this link is not known yet.')
      return fileListing(layout, contents.getting(layout), store, offset, limit)
    }
  }
}

async function storedLayout(store: Store, root: string) {
  const share = store.share(root)
  return share == null ? undefined : store.layout(parseRoot(root), share.sizeBytes)
}
