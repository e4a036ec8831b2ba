// What the kernel says about one process (Linux). Elsewhere nothing is measured and everything is 0.

import { readFileSync } from 'node:fs'

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
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the command before it may hold anything
    if (peak == null) return undefined // a zombie has no memory
    const ticks = Number(fields[11]) + Number(fields[12])
    return { peakRssBytes: Number(peak[1]) * 1024, cpuSeconds: ticks / TICKS_PER_SECOND }
  } catch {
    return undefined
  }
}
