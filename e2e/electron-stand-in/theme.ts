// `nativeTheme`. Choosing a source really switches what pages see of prefers-color-scheme; the system itself is light.

import type { CdpSession } from './cdp.ts'
import { strictEmitter } from './strict.ts'

type Source = 'system' | 'light' | 'dark'

class NativeTheme extends strictEmitter('nativeTheme', ['updated']) {
  readonly shouldUseHighContrastColors = false
  readonly shouldUseInvertedColorScheme = false
  readonly inForcedColorsMode = false
  readonly prefersReducedTransparency = false
  #source: Source = 'system'

  get themeSource(): Source {
    return this.#source
  }
  set themeSource(source: Source) {
    if (!['system', 'light', 'dark'].includes(source)) throw new TypeError(`Error processing argument: ${source}`)
    const wasDark = this.shouldUseDarkColors
    this.#source = source
    theme.applyToAll()
    if (wasDark !== this.shouldUseDarkColors) queueMicrotask(() => this.emit('updated'))
  }
  get shouldUseDarkColors(): boolean {
    return this.#source === 'dark'
  }
}
export const nativeTheme = new NativeTheme()

const pages = new Set<CdpSession>()
export const theme = {
  async apply(page: CdpSession): Promise<void> {
    pages.add(page)
    const value = nativeTheme.themeSource
    const features = [{ name: 'prefers-color-scheme', value: value === 'system' ? '' : value }]
    await page.send('Emulation.setEmulatedMedia', { features })
  },
  applyToAll(): void {
    for (const page of pages) this.apply(page).catch(() => pages.delete(page)) // closed meanwhile
  }
}
