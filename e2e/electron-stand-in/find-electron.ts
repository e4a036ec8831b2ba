// Which Electron the desktop's tests run on: the real binary where the npm package has it, else the stand-in. The package is
// only looked at: loading it from Node would start a download. SHOAL_ELECTRON=real or =stand-in chooses.

import path from 'node:path'
import { fetchedElectron } from '../../app/scripts/electron.mjs'

export interface FoundElectron {
  readonly executable: string
  readonly isReal: boolean
}

export const STAND_IN = path.join(import.meta.dirname, 'electron')

/** Throws when the real one is asked for and not there. */
export function findElectron(wanted = process.env.SHOAL_ELECTRON): FoundElectron {
  const real = wanted === 'stand-in' ? undefined : fetchedElectron()
  if (real !== undefined) return { executable: real, isReal: true }
  if (wanted === 'real')
    throw new Error('SHOAL_ELECTRON asks for the real Electron, and its binary is not in node_modules')
  return { executable: STAND_IN, isReal: false }
}
