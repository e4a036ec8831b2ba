// The system calls of one running program on a simulated disk, as Node names them and with the system's errors. Descriptors are the program's.
import { constants } from 'node:fs'
import path from 'node:path'
import type { Disk, Inode } from './disk.ts'

const { O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_ACCMODE, O_RDONLY, O_APPEND } = {
  ...constants,
  O_ACCMODE: 3
}
const MAX_SYMLINKS = 20
const DEVICE = 41n

export interface OpenFile {
  readonly inode: Inode
  readonly path: string
  readonly flags: number
  at: number
}

/** Where a path leads: the folder it stands in, its name there, and what it is, if anything. */
interface Place {
  readonly folder: Inode
  readonly name: string
  readonly inode: Inode | undefined
}

export function systemError(code: string, call: string, at: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${at}'`), { code, syscall: call, path: at })
}

export class DiskCalls {
  readonly disk: Disk
  readonly #isOn: () => boolean
  readonly #open = new Map<number, OpenFile>()
  #nextFd = 20

  /** @param isOn false: nothing that is called has any effect */
  constructor(disk: Disk, isOn: () => boolean = () => true) {
    this.disk = disk
    this.#isOn = isOn
  }

  /** Paths of what is open, each as often as it is. */
  get openFiles(): string[] {
    return [...this.#open.values()].map(it => it.path)
  }

  /** Throws what the faults say. */
  fail(call: string, at: string): void {
    const code = this.#isOn() ? this.disk.faults.before(call, at) : 'EIO'
    if (code != null) throw systemError(code, call, at)
  }

  file(fd: number): OpenFile {
    const open = this.#open.get(fd)
    if (open == null) throw systemError('EBADF', 'fd', `${fd}`)
    return open
  }

  open(at: string, flags: number, mode = 0o644): number {
    this.fail('open', at)
    const follows = (flags & O_NOFOLLOW) === 0
    const place = this.#lookup(at, 'open', follows)
    let { inode } = place
    if (inode != null && (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) throw systemError('EEXIST', 'open', at)
    if (inode == null && (flags & O_CREAT) === 0) throw systemError('ENOENT', 'open', at)
    if (inode == null) {
      inode = this.disk.create('file', mode)
      this.disk.change([{ folder: place.folder, name: place.name, inode }])
    } else if (inode.kind === 'symlink')
      throw systemError((flags & O_DIRECTORY) !== 0 ? 'ENOTDIR' : 'ELOOP', 'open', at)
    else if ((flags & O_DIRECTORY) !== 0 && inode.kind !== 'folder') throw systemError('ENOTDIR', 'open', at)
    else if (inode.kind === 'folder' && (flags & O_ACCMODE) !== O_RDONLY) throw systemError('EISDIR', 'open', at)
    if ((flags & O_TRUNC) !== 0 && inode.kind === 'file') this.disk.truncate(inode, 0)
    const fd = this.#nextFd++
    this.#open.set(fd, { inode, path: at, flags, at: 0 })
    return fd
  }

  close(fd: number): void {
    this.file(fd)
    this.#open.delete(fd)
  }

  read(fd: number, into: Uint8Array, at: number | null): number {
    const open = this.file(fd)
    this.fail('read', open.path)
    if (open.inode.kind === 'folder') throw systemError('EISDIR', 'read', open.path)
    const read = open.inode.pages.read(into, at ?? open.at)
    if (at == null) open.at += read
    return read
  }

  /** Returns how many were written: not always all. */
  write(fd: number, bytes: Uint8Array, at: number | null): number {
    const open = this.file(fd)
    this.fail('write', open.path)
    if ((open.flags & O_APPEND) !== 0) at = open.inode.pages.sizeBytes
    const some = bytes.subarray(0, Math.max(1, this.disk.faults.shortened(bytes.length)))
    const from = at ?? open.at
    if (!this.disk.takeRoom(open.inode, from, some.length)) throw systemError('ENOSPC', 'write', open.path)
    open.inode.pages.write(some, from)
    this.disk.touch(open.inode)
    if (at == null) open.at += some.length
    return some.length
  }

  truncate(fd: number, sizeBytes: number): void {
    const open = this.file(fd)
    this.fail('ftruncate', open.path)
    this.disk.truncate(open.inode, sizeBytes)
  }

  /** Begins to sync what is open; how it ends is told to what this returns. */
  beginSync(fd: number): { done(): void; failed(): void } {
    const { inode } = this.file(fd)
    if (inode.kind === 'folder') return { done: () => this.disk.syncFolder(inode), failed: () => {} }
    const sync = inode.pages.beginSync()
    const done = (): void => {
      sync.done()
      this.disk.syncedFile()
    }
    return { done, failed: sync.failed }
  }

  stat(at: string, follows: boolean): Inode | undefined {
    this.fail(follows ? 'stat' : 'lstat', at)
    try {
      return this.#lookup(at, 'lstat', follows).inode
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // thrown above
      throw error
    }
  }

  /** One that must be there. */
  get(at: string, call: string, follows = true): Inode {
    const { inode } = this.#lookup(at, call, follows)
    if (inode == null) throw systemError('ENOENT', call, at)
    return inode
  }

  mkdir(at: string, isRecursive: boolean): void {
    this.fail('mkdir', at)
    if (isRecursive && at !== '/' && this.stat(path.dirname(at), true) == null) this.mkdir(path.dirname(at), true)
    const { folder, name, inode } = this.#lookup(at, 'mkdir', isRecursive)
    if (inode?.kind === 'folder' && isRecursive) return
    if (inode != null) throw systemError('EEXIST', 'mkdir', at)
    this.disk.change([{ folder, name, inode: this.disk.create('folder', 0o755) }])
  }

  symlink(target: string, at: string): void {
    this.fail('symlink', at)
    const { folder, name, inode } = this.#lookup(at, 'symlink', false)
    if (inode != null) throw systemError('EEXIST', 'symlink', at)
    const link = this.disk.create('symlink', 0o777)
    link.target = target
    this.disk.change([{ folder, name, inode: link }])
  }

  link(from: string, to: string): void {
    this.fail('link', to)
    const inode = this.get(from, 'link', false)
    const place = this.#lookup(to, 'link', false)
    if (place.inode != null) throw systemError('EEXIST', 'link', to)
    if (inode.kind === 'folder') throw systemError('EPERM', 'link', from)
    this.disk.change([{ folder: place.folder, name: place.name, inode }])
  }

  rename(from: string, to: string): void {
    this.fail('rename', from)
    const [old, place] = [this.#lookup(from, 'rename', false), this.#lookup(to, 'rename', false)]
    const { inode } = old
    if (inode == null) throw systemError('ENOENT', 'rename', from)
    if (place.inode === inode && this.disk.keyOf(old.name) !== this.disk.keyOf(place.name)) return // two names of one file
    if (this.disk.holdsFolders && inode.kind === 'folder' && this.#isHeld(inode))
      throw systemError('EBUSY', 'rename', from)
    if (place.inode?.kind === 'folder') {
      if (inode.kind !== 'folder') throw systemError('EISDIR', 'rename', to)
      if (place.inode !== inode && place.inode.entries.size > 0) throw systemError('ENOTEMPTY', 'rename', to)
    } else if (place.inode != null && inode.kind === 'folder') throw systemError('ENOTDIR', 'rename', to)
    this.disk.change([
      { folder: old.folder, name: old.name, inode: undefined },
      { folder: place.folder, name: place.name, inode }
    ])
  }

  unlink(at: string): void {
    this.fail('unlink', at)
    const { folder, name, inode } = this.#lookup(at, 'unlink', false)
    if (inode == null) throw systemError('ENOENT', 'unlink', at)
    if (inode.kind === 'folder') throw systemError('EISDIR', 'unlink', at)
    this.disk.change([{ folder, name, inode: undefined }])
  }

  rmdir(at: string): void {
    this.fail('rmdir', at)
    const { folder, name, inode } = this.#lookup(at, 'rmdir', false)
    if (inode == null) throw systemError('ENOENT', 'rmdir', at)
    if (inode.kind !== 'folder') throw systemError('ENOTDIR', 'rmdir', at)
    if (inode.entries.size > 0) throw systemError('ENOTEMPTY', 'rmdir', at)
    this.disk.change([{ folder, name, inode: undefined }])
  }

  readdir(at: string): string[] {
    this.fail('readdir', at)
    const inode = this.get(at, 'readdir')
    if (inode.kind !== 'folder') throw systemError('ENOTDIR', 'readdir', at)
    return [...inode.entries.values()].map(({ name }) => name)
  }

  readlink(at: string): string {
    this.fail('readlink', at)
    const held = /^\/proc\/self\/fd\/(\d+)$/.exec(at)
    if (held != null) return this.#pathOf(this.file(Number(held[1])))
    const inode = this.get(at, 'readlink', false)
    if (inode.kind !== 'symlink') throw systemError('EINVAL', 'readlink', at)
    return inode.target
  }

  realpath(at: string): string {
    this.fail('realpath', at)
    const { folder, name, inode } = this.#lookup(at, 'realpath', true)
    if (inode == null) throw systemError('ENOENT', 'realpath', at)
    if (inode === this.disk.root) return '/'
    return path.posix.join(pathOfFolder(folder), folder.entries.get(this.disk.keyOf(name))?.name ?? name)
  }

  device(): bigint {
    return DEVICE
  }

  /** Whether a file below the folder is open. */
  #isHeld(folder: Inode): boolean {
    const files = new Set([...this.#open.values()].flatMap(({ inode }) => (inode.kind === 'file' ? inode : [])))
    const holds = (at: Inode): boolean =>
      at.entries.values().some(({ inode }) => files.has(inode) || (inode.kind === 'folder' && holds(inode)))
    return files.size > 0 && holds(folder)
  }

  #pathOf({ inode, path: named }: OpenFile): string {
    return inode.kind === 'folder' ? pathOfFolder(inode) : named
  }

  #lookup(at: string, call: string, follows: boolean, links = 0): Place {
    let folder = this.disk.root
    let parts = at.split('/').filter(part => part !== '')
    if (at.startsWith('/proc/self/fd/')) {
      folder = this.file(Number(parts[3])).inode
      parts = parts.slice(4)
    }
    if (parts.length === 0) return { folder, name: '', inode: folder }
    for (let i = 0; ; i++) {
      const name = parts[i]!
      if (folder.kind !== 'folder') throw systemError('ENOTDIR', call, at)
      const inode = name === '..' ? (folder.parent ?? folder) : name === '.' ? folder : this.disk.find(folder, name)
      const isLast = i === parts.length - 1
      if (inode?.kind === 'symlink' && (follows || !isLast)) {
        if (links >= MAX_SYMLINKS) throw systemError('ELOOP', call, at)
        const target = path.posix.resolve(pathOfFolder(folder), inode.target)
        return this.#lookup(path.posix.join(target, ...parts.slice(i + 1)), call, follows, links + 1)
      }
      if (isLast) return { folder, name, inode }
      if (inode == null) throw systemError('ENOENT', call, at)
      folder = inode
    }
  }
}

function pathOfFolder(folder: Inode): string {
  const names: string[] = []
  for (let at: Inode | undefined = folder; at?.parent != null; at = at.parent) names.unshift(at.name)
  return `/${names.join('/')}`
}
