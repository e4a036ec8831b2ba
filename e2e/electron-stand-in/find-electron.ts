// Which Electron the desktop's tests run on: the real binary where the npm package has it, else the stand-in. The package is
// only looked at: loading it from Node would start a download. SHOAL_ELECTRON=real or =stand-in chooses.

import path from 'node:path'
import { chooseElectron } from '../../app/scripts/electron.mjs'

export interface FoundElectron {
  readonly executable: string
  readonly isReal: boolean
}

export const STAND_IN = path.join(import.meta.dirname, 'electron')

/** Throws when what SHOAL_ELECTRON asks for is not there. */
export function findElectron(): FoundElectron {
  const real = chooseElectron()
  return { executable: real ?? STAND_IN, isReal: real != null }
}
