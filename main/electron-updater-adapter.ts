// electron-updater as an Updater. It does nothing by itself: no download, no installation at the end, no installer from elsewhere.
import { app } from 'electron'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Updater } from './update-service.ts'

/** Only an installed program whose build names a place for them: what a release was built without is not guessed. */
export const looksForUpdates = (): boolean =>
  app.isPackaged && existsSync(path.join(process.resourcesPath, 'app-update.yml'))

export async function openUpdater(): Promise<Updater> {
  const { autoUpdater } = await import('electron-updater')
  autoUpdater.logger = null
  autoUpdater.autoDownload = false
  autoUpdater.autoInstallOnAppQuit = false
  autoUpdater.disableWebInstaller = true
  autoUpdater.on('error', () => {}) // whoever called hears of it
  return {
    async check() {
      const found = await autoUpdater.checkForUpdates()
      return found?.isUpdateAvailable === true ? found.updateInfo.version : null
    },
    async download() {
      await autoUpdater.downloadUpdate()
    },
    install: () => autoUpdater.quitAndInstall()
  }
}
