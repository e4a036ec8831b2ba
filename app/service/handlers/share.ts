// What the user shares: made, shown, read, checked, limited, removed.
import type { Service } from '../../contract/service.ts'
import { readShared, sharedFile } from '../share-reader.ts'
import { cliOnly, type HandlerParts, hostOnly } from './parts.ts'

export function shareHandlers({ store, shares, jobs, grants, limits }: HandlerParts): Service['share'] {
  return {
    create: input => ({
      job: jobs.create(
        input.grants.map(grant => grants.take(grant, 'read')),
        input.skipUnreadable
      )
    }),
    again({ root }) {
      const known = shares.known(root)
      return { job: jobs.create(shares.sources(known), false, known) }
    },
    withoutUnreadable: ({ job }) => ({ job: jobs.withoutUnreadable(job) }),
    follow: ({ job }, { signal }) => jobs.follow(job, signal),
    async cancel({ job }) {
      await jobs.cancel(job)
      return {}
    },
    jobs: (_, { signal }) => jobs.rows(signal),
    list: () => shares.list(),
    feed: (_, { signal }) => shares.watched(signal),
    details: ({ root }, { signal }) => shares.details(root, signal),
    link: ({ root }) => ({ link: shares.link(root) }),
    where({ root }, { door }) {
      cliOnly(door)
      return { path: shares.where(root) }
    },
    remove({ root }) {
      shares.remove(root)
      return {}
    },
    async file({ root, index }, { door }) {
      hostOnly(door)
      return sharedFile(store, root, index)
    },
    async read({ root, index, offset }, { door }) {
      hostOnly(door)
      return { data: await readShared(store, root, index, offset) }
    },
    limit({ root, uploadBytesPerSecond }) {
      const key = shares.known(root)
      if (uploadBytesPerSecond != null) limits.upload.setTransfer(key, uploadBytesPerSecond)
      return { uploadBytesPerSecond: limits.upload.transferRate(key) }
    },
    verify: ({ root }, { signal }) => shares.verify(root, signal)
  }
}
