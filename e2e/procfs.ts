// What the kernel says about processes (Linux). Elsewhere nothing is measured and everything is 0.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

export interface Usage {
  readonly peakRssBytes: number
  /** User and system time of all threads. */
  readonly cpuSeconds: number
}

const TICKS_PER_SECOND = 100 // USER_HZ: fixed by the kernel's interface, whatever HZ it was built with

/** Undefined when there is no such process any more. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    const fields = readStat(pid)
    if (peak == null) return undefined // a zombie has no memory
    const ticks = Number(fields[11]) + Number(fields[12])
    return { peakRssBytes: Number(peak[1]) * 1024, cpuSeconds: ticks / TICKS_PER_SECOND }
  } catch {
    return undefined
  }
}

/** User and system time of all children of this process that have ended and were collected, their own included: exact, as no look was missed. */
export function endedChildrenCpuSeconds(): number {
  try {
    const fields = readStat('self')
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

/** The peak that `readUsage` tells counts from now on (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Resident memory as it is now. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(found?.[1]) * 1024
}

/** The processes of a group that have not ended. One that nobody has collected yet (a zombie) has: it holds no file, no port and no memory. */
export function livingInGroup(leader: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        const [state = '', , group] = readStat(pid)
        return Number(group) === leader && !'ZX'.includes(state)
      } catch {
        return false // gone meanwhile
      }
    })
}

/** From the state on (proc_pid_stat(5), field 3): the command before it may hold anything. */
function readStat(pid: number | 'self'): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
