// The windows there are; `app` closes them at quit and ends when the last one goes.

import type { EventEmitter } from 'node:events'

export interface ClosableWindow extends EventEmitter {
  close(): void
  destroy(): void
  isDestroyed(): boolean
}
export const openWindows = new Set<ClosableWindow>()
