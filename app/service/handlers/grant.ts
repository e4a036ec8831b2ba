// One-use tickets for paths, and the folders from which a page may choose.
import path from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Service } from '../../contract/service.ts'
import { cliOnly, type HandlerParts } from './parts.ts'

export function grantHandlers({ grants, folders }: HandlerParts): Service['grant'] {
  return {
    paths({ paths, use }, { door }) {
      cliOnly(door)
      paths.forEach(mustBeAbsolute)
      return { grants: paths.map(it => grants.issue(it, use)) }
    },
    async inside({ folder, path: inside, use }) {
      const at = await (use === 'write' ? folders.resolveForWriting(folder, inside) : folders.resolve(folder, inside))
      return { grant: grants.issue(at, use) }
    },
    folders: () => folders.list(),
    async addFolder({ path: folder }, { door }) {
      cliOnly(door)
      mustBeAbsolute(folder)
      return { folder: await folders.add(folder) }
    },
    entries: ({ folder, path: inside }) => folders.entries(folder, inside)
  }
}

function mustBeAbsolute(named: string): void {
  if (!path.isAbsolute(named) || named.includes('\0')) throw new CodedError('usage', 'Paths must be absolute.')
}
