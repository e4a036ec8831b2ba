// Who else on this computer may change the folder that a download goes into: whoever may swap a folder decides where files go, and may take them away.
import { lstatSync, type Stats } from 'node:fs'
import path from 'node:path'
import { realPathOf } from '../../core/files/real-folder.ts'

/** The user of this process and the group named after it; undefined where the system has no such rights (Windows). */
interface Me {
  readonly uid: number
  readonly gid: number
}

/**
 * The folder, this one or one above it, in which somebody else may replace what a download makes: theirs, or writable for a group or everybody and
 * without the sticky bit. Root and the user's own group count as the user. Undefined when there is none. @param directory absolute; it need not exist
 */
export function openToOthers(directory: string, me: Me | undefined = myself()): string | undefined {
  if (me == null) return undefined
  for (let at = realPathOf(directory); ; at = path.dirname(at)) {
    const stats = statsOf(at)
    if (stats != null && mayOthersWrite(stats, me)) return at
    if (at === path.dirname(at)) return undefined
  }
}

function mayOthersWrite({ uid, gid, mode }: Stats, me: Me): boolean {
  if (uid !== me.uid && uid !== 0) return true
  if ((mode & 0o1000) !== 0) return false // sticky: only one's own may be replaced there
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== me.gid && gid !== 0)
}

function statsOf(at: string): Stats | undefined {
  try {
    return lstatSync(at)
  } catch {
    return undefined // not there yet, or not to be looked at: whether it can be written shows soon
  }
}

function myself(): Me | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]
  return uid == null || gid == null ? undefined : { uid, gid }
}
