// Whether V8 has to be asked to count what buffers hold, instead of every byte that was ever put into one.
import { setFlagsFromString } from 'node:v8'

const FLAG = '--external-memory-accounted-in-global-limit'

/**
 * Of the versions that know the flag. V8 has no list of its flags to ask from inside and says on standard error what it does not know, so its version is
 * asked: 13.6 (Node 24) has the flag, 14.8 made it the default and took it away (1 full collection for 1 GiB of dead buffers in 15.6, 12 in 13.6
 * without the flag and 1 with it). Electron 45 is later than that; the ones before 13.6 count as they do.
 * @param version as in `process.versions.v8`
 */
export function knowsBufferFlag(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.', 2).map(Number)
  const is = (from: number, least: number): boolean => major > from || (major === from && minor >= least)
  return is(13, 6) && !is(14, 8)
}

/** Before the thread that moves buffers starts. */
export function countBuffers(): void {
  if (knowsBufferFlag(process.versions.v8)) setFlagsFromString(FLAG)
}
