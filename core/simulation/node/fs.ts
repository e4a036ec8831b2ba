// What simulated code gets when it imports node:fs: the calls that are used, on the disk of the machine it runs on. One that is missing here fails where it
// is imported.
import * as real from 'node:fs'
import { promisify } from 'node:util'
import { type DiskCalls, systemError } from '../disk-calls.ts'
import type { Inode } from '../disk.ts'
import { callsOf } from '../program.ts'
import { findMachine, thisMachine } from '../machine.ts'

export const { constants } = real

type Flags = number | string
const FLAGS: Record<string, number> = {
  r: constants.O_RDONLY,
  'r+': constants.O_RDWR,
  w: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  wx: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
  a: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND
}
const flagsOf = (flags: Flags): number => (typeof flags === 'number' ? flags : (FLAGS[flags] ?? 0))

/** The calls of the program that runs. Throws when its machine is off. */
function calls(): DiskCalls {
  return callsOf(thisMachine())
}

interface StatOptions {
  readonly bigint?: boolean
  readonly throwIfNoEntry?: boolean
}

/** Of the same form as Node's. */
export function statsOf(inode: Inode, device: bigint, isBig: boolean): object {
  const number = (value: bigint): bigint | number => (isBig ? value : Number(value))
  const size = BigInt(inode.kind === 'file' ? inode.pages.sizeBytes : inode.target.length)
  return {
    dev: number(device),
    ino: number(inode.ino),
    mode: number(BigInt(inode.mode)),
    nlink: number(BigInt(inode.links)),
    size: number(size),
    mtimeNs: inode.mtimeNs,
    ctimeNs: inode.ctimeNs,
    mtimeMs: number(inode.mtimeNs / 1_000_000n),
    ctimeMs: number(inode.ctimeNs / 1_000_000n),
    isFile: () => inode.kind === 'file',
    isDirectory: () => inode.kind === 'folder',
    isSymbolicLink: () => inode.kind === 'symlink'
  }
}

function statNow(at: string, options: StatOptions, follows: boolean): object | undefined {
  const own = calls()
  const inode = own.stat(String(at), follows)
  if (inode != null) return statsOf(inode, own.device(), options.bigint === true)
  if (options.throwIfNoEntry === false) return undefined
  throw systemError('ENOENT', follows ? 'stat' : 'lstat', at)
}

export function statSync(at: string, options: StatOptions = {}): object | undefined {
  return statNow(at, options, true)
}

export function existsSync(at: string): boolean {
  return statSync(at, { throwIfNoEntry: false }) != null
}

export function lstatSync(at: string, options: StatOptions = {}): object | undefined {
  return statNow(at, options, false)
}

export function fstatSync(fd: number, options: StatOptions = {}): object {
  const own = calls()
  return statsOf(own.file(fd).inode, own.device(), options.bigint === true)
}

export function statfsSync(at: string): object {
  const own = calls()
  own.get(at, 'statfs')
  const blocks = (bytes: number): number => Math.floor(bytes / 4096)
  const { freeBytes, capacityBytes } = own.disk
  return { bsize: 4096, blocks: blocks(capacityBytes), bfree: blocks(freeBytes), bavail: blocks(freeBytes) }
}

export function openSync(at: string, flags: Flags = 'r', mode = 0o644): number {
  return calls().open(at, flagsOf(flags), mode)
}

export function closeSync(fd: number): void {
  calls().close(fd)
}

export function readSync(fd: number, into: Uint8Array, offset = 0, length = into.length - offset, at?: number): number {
  return calls().read(fd, into.subarray(offset, offset + length), at ?? null)
}

export function writeSync(
  fd: number,
  bytes: Uint8Array | string,
  offset = 0,
  length?: number,
  at?: number | null
): number {
  const own = calls()
  if (typeof bytes === 'string') return writeAll(own, fd, Buffer.from(bytes))
  return own.write(fd, bytes.subarray(offset, offset + (length ?? bytes.length - offset)), at ?? null)
}

function writeAll(own: DiskCalls, fd: number, bytes: Uint8Array): number {
  for (let done = 0; done < bytes.length;) done += own.write(fd, bytes.subarray(done), null)
  return bytes.length
}

export function ftruncateSync(fd: number, sizeBytes: number): void {
  calls().truncate(fd, sizeBytes)
}

export function fsyncSync(fd: number): void {
  const own = calls()
  const sync = own.beginSync(fd)
  try {
    own.fail('fsync', own.file(fd).path)
  } catch (error) {
    sync.failed()
    throw error
  }
  sync.done()
}

export function mkdirSync(at: string, options: { recursive?: boolean } = {}): void {
  calls().mkdir(at, options.recursive === true)
}

export function renameSync(from: string, to: string): void {
  calls().rename(from, to)
}

export function linkSync(from: string, to: string): void {
  calls().link(from, to)
}

export function symlinkSync(target: string, at: string): void {
  calls().symlink(target, at)
}

export function unlinkSync(at: string): void {
  calls().unlink(at)
}

export function rmdirSync(at: string): void {
  calls().rmdir(at)
}

export function rmSync(at: string, options: { force?: boolean; recursive?: boolean } = {}): void {
  const own = calls()
  const inode = own.stat(at, false)
  if (inode == null && options.force === true) return
  if (inode?.kind !== 'folder') return own.unlink(at)
  if (options.recursive !== true) throw systemError('EISDIR', 'rm', at)
  for (const name of own.readdir(at)) rmSync(`${at}/${name}`, options)
  own.rmdir(at)
}

export function chmodSync(at: string, mode: number): void {
  calls().get(at, 'chmod').mode = mode
}

export function accessSync(at: string): void {
  const own = calls()
  own.fail('access', at)
  own.get(at, 'access')
}

export function readlinkSync(at: string, encoding?: string): string | Buffer {
  const target = calls().readlink(at)
  return encoding === 'buffer' ? Buffer.from(target) : target
}

export function realpathSync(at: string): string {
  return calls().realpath(at)
}
realpathSync.native = realpathSync

export function readdirSync(at: string, options: { recursive?: boolean } | string = {}): string[] {
  const own = calls()
  const names = own.readdir(at)
  if (typeof options === 'string' || options.recursive !== true) return names
  return names.flatMap(name => {
    const isFolder = own.stat(`${at}/${name}`, false)?.kind === 'folder'
    return isFolder ? [name, ...readdirSync(`${at}/${name}`, options).map(below => `${name}/${below}`)] : [name]
  })
}

/** Read one by one; what is made meanwhile is not in it. */
export function opendirSync(at: string, options: { encoding?: string } = {}) {
  const own = calls()
  const names = own.readdir(at)
  let next = 0
  return {
    path: at,
    readSync() {
      const name = names[next++]
      if (name == null) return null
      const kind = own.get(`${at}/${name}`, 'readdir', false).kind
      return {
        name: options.encoding === 'buffer' ? Buffer.from(name) : name,
        isFile: () => kind === 'file',
        isDirectory: () => kind === 'folder',
        isSymbolicLink: () => kind === 'symlink'
      }
    },
    closeSync() {},
    [Symbol.dispose]() {}
  }
}

export function readFileSync(at: string, encoding?: string | { encoding?: string }): string | Buffer {
  const fd = openSync(at)
  try {
    const bytes = Buffer.alloc(calls().file(fd).inode.pages.sizeBytes)
    calls().read(fd, bytes, 0)
    return encoding == null ? bytes : bytes.toString('utf8')
  } finally {
    closeSync(fd)
  }
}

export function writeFileSync(at: string, data: string | Uint8Array, options: { flag?: string } | string = {}): void {
  // the disks here have no streams beside a file's bytes
  if (thisMachine().platform === 'win32' && at.includes(':')) throw systemError('ENOENT', 'open', at)
  const fd = openSync(at, typeof options === 'string' ? 'w' : (options.flag ?? 'w'))
  try {
    writeAll(calls(), fd, typeof data === 'string' ? Buffer.from(data) : data)
  } finally {
    closeSync(fd)
  }
}

export function appendFileSync(at: string, data: string): void {
  writeFileSync(at, data, { flag: 'a' })
}

// With callbacks: they come after a while

type Callback<T> = (error: Error | null, value?: T) => void

/** Does it when its time has come, not when it is called, and tells in one. */
function later<T>(call: string, path: string, act: () => T, callback: Callback<T>): void {
  const machine = thisMachine()
  machine.after(machine.disk.faults.delayMs(call), `${call} ${path}`, () => {
    let value: T
    try {
      value = act()
    } catch (error) {
      return callback(error as Error) // nothing else is thrown by a call
    }
    callback(null, value)
  })
}

export function open(at: string, flags: Flags, ...rest: (number | Callback<number>)[]): void {
  later('open', at, () => openSync(at, flags), rest.at(-1) as Callback<number>) // as Node's: the last one is the callback
}

export function close(fd: number, callback: Callback<void>): void {
  later('close', `${fd}`, () => closeSync(fd), callback)
}

export function lstat(at: string, options: StatOptions, callback: Callback<object>): void {
  later('lstat', at, () => lstatSync(at, { ...options, throwIfNoEntry: true }) ?? {}, callback)
}

export function write(
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  at: number | null,
  callback: Callback<number>
): void {
  later('write', `${fd}`, () => calls().write(fd, bytes.subarray(offset, offset + length), at), callback)
}
write[promisify.custom] = async (fd: number, bytes: Uint8Array, offset: number, length: number, at: number | null) =>
  new Promise((resolve, reject) => {
    write(fd, bytes, offset, length, at, (error, bytesWritten) =>
      error == null ? resolve({ bytesWritten, buffer: bytes }) : reject(error)
    )
  })

export function fsync(fd: number, callback: Callback<void>): void {
  const own = calls()
  const { path } = own.file(fd)
  const sync = own.beginSync(fd)
  const end = (): void => {
    try {
      own.fail('fsync', path)
    } catch (error) {
      if (findMachine()?.isOn === true) sync.failed() // else it was cut off in it, and nothing was lost by that
      throw error
    }
    sync.done()
  }
  later('fsync', path, end, callback)
}
export const fdatasync = fsync
