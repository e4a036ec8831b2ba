// The folders a host was started with, and those its user chose since: the only places a page may choose from. A path inside is judged after every symlink was followed.
import { lstat, mkdir, readdir, realpath, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { DataDirs, isDataDir } from '../../core/files/data-dirs.ts'

export interface Entry {
  readonly name: string
  readonly kind: 'file' | 'folder'
  readonly bytes: number
}

interface Shown {
  readonly id: number
  readonly name: string
  readonly roomBytes: number | null
}

const MAX_ENTRIES = 10_000 // what one look into a folder shows at most

export class Folders {
  readonly #roots: string[]
  readonly #reserveBytes: (folder: string) => number
  readonly #dataDirs: DataDirs

  /**
   * Throws forbidden for a data directory, or what is in one.
   * @param roots absolute. @param reserveBytes what is to stay free where a folder is, and does not count as room
   */
  constructor(
    roots: readonly string[],
    reserveBytes: (folder: string) => number = () => 0,
    dataDirs: DataDirs = new DataDirs()
  ) {
    for (const root of roots) dataDirs.refuse(root)
    this.#roots = [...roots]
    this.#reserveBytes = reserveBytes
    this.#dataDirs = dataDirs
  }

  async list(): Promise<Shown[]> {
    return Promise.all(this.#roots.map(async (root, id) => this.#shown(root, id)))
  }

  /** One more, or the one that is there already. Throws forbidden. @param root absolute */
  async add(root: string): Promise<Shown> {
    this.#dataDirs.refuse(root)
    const known = this.#roots.indexOf(root)
    return this.#shown(root, known < 0 ? this.#roots.push(root) - 1 : known)
  }

  /** A folder as people know it, whether it is one of these or not; it need not exist yet. @param folder absolute */
  async describe(folder: string): Promise<{ name: string; folder: number | null; roomBytes: number | null }> {
    const wanted = await realIfThere(folder)
    const roots = await Promise.all(this.#roots.map(realIfThere))
    const id = roots.indexOf(wanted)
    const { name, roomBytes } = await this.#shown(folder, id)
    return { name, folder: id < 0 ? null : id, roomBytes }
  }

  /** The absolute path of something that exists inside folder `id`. Throws not-found, forbidden. */
  async resolve(id: number, inside: readonly string[]): Promise<string> {
    const root = this.#roots[id]
    if (root == null) throw new CodedError('not-found', 'That folder is not one of those Shoal was started with.')
    const isPlain = inside.every(part => part !== '.' && part !== '..' && !/[/\\\0]/.test(part))
    if (!isPlain) throw new CodedError('forbidden', 'That name cannot be used here.')
    const [top, wanted] = await Promise.all([real(root), real(path.join(root, ...inside))])
    if (wanted !== top && !wanted.startsWith(top.endsWith(path.sep) ? top : top + path.sep)) {
      throw new CodedError('forbidden', 'That leads outside the folder Shoal was started with.')
    }
    this.#dataDirs.refuse(wanted)
    return wanted
  }

  /** For something to be written inside: the folder itself is made if it is missing, as the user named it. Throws as `resolve`, and not-writable. */
  async resolveForWriting(id: number, inside: readonly string[]): Promise<string> {
    const root = this.#roots[id]
    if (root != null && inside.length === 0) {
      await mkdir(root, { recursive: true }).catch((error: unknown) => {
        throw new CodedError('not-writable', 'That folder is not there and cannot be made.', { cause: error })
      })
    }
    return this.resolve(id, inside)
  }

  /** What stands in a folder, folders first; symlinks, special files and data directories are not shown. Throws not-found, forbidden, unreadable. */
  async entries(id: number, inside: readonly string[]): Promise<Entry[]> {
    const root = this.#roots[id]
    if (root != null && inside.length === 0 && !(await isThere(root))) return [] // made when something is saved
    const folder = await this.resolve(id, inside)
    const found: Entry[] = []
    const names = await readdir(folder).catch((error: unknown) => {
      throw new CodedError('unreadable', 'That folder cannot be read.', { cause: error })
    })
    for (const name of names.slice(0, MAX_ENTRIES)) {
      const info = await lstat(path.join(folder, name)).catch(() => undefined) // gone meanwhile
      if (info?.isDirectory() === true && isDataDir(own => path.join(folder, name, own))) continue
      if (info?.isDirectory() === true) found.push({ name, kind: 'folder', bytes: 0 })
      else if (info?.isFile() === true) found.push({ name, kind: 'file', bytes: info.size })
    }
    return found.sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind === 'folder' ? -1 : 1))
  }

  async #shown(root: string, id: number): Promise<Shown> {
    const free = await freeBytes(root)
    const roomBytes = free == null ? null : Math.max(0, free - this.#reserveBytes(root))
    return { id, name: path.basename(root) || root, roomBytes }
  }
}

/** Free on the disk that a folder is on, or will be; null: nobody can tell. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    const above = path.dirname(folder)
    return above === folder ? null : freeBytes(above)
  }
}

const isThere = async (folder: string): Promise<boolean> =>
  stat(folder).then(
    () => true,
    () => false
  )

const realIfThere = async (folder: string): Promise<string> => realpath(folder).catch(() => folder)

async function real(file: string): Promise<string> {
  try {
    await stat(file)
    return await realpath(file)
  } catch (error) {
    throw new CodedError('not-found', 'That is no longer there. Look into the folder again.', { cause: error })
  }
}
