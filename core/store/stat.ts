// A file's stat as one value: what must be equal for a file to be taken as unchanged.
import type { FileStat } from '../files/file-stat.ts'

const CLEAN_BYTES = 24 // size, mtime and inode come first: they decide whether a file is clean
const STAT_BYTES = 40

/** 40 bytes: size, mtime, inode, ctime, device; big endian. The form in which stats are stored. */
export function packStat(stat: FileStat): Uint8Array {
  const bytes = new Uint8Array(STAT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, BigInt(stat.size))
  view.setBigInt64(8, stat.mtimeNs)
  view.setBigUint64(16, stat.ino)
  view.setBigInt64(24, stat.ctimeNs)
  view.setBigUint64(32, stat.dev)
  return bytes
}

/** Same size, mtime and inode: the file is taken as untouched until its bytes say otherwise. */
export function isSameFile(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(0, CLEAN_BYTES), b.subarray(0, CLEAN_BYTES)) === 0
}

/** The size within a packed stat, in bytes. */
export function packedSize(stat: Uint8Array): number {
  return Number(new DataView(stat.buffer, stat.byteOffset).getBigInt64(0))
}
