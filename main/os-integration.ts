// What the system is told of the program: who it is, which links are its own, that it must not fall asleep.
import { app, powerSaveBlocker } from 'electron'
import { APP_ID } from './login.ts'

/** Windows is told by the program, the others by what is installed: macOS and Linux would take back what the user chose since. */
export function registerAtSystem(): void {
  if (process.platform !== 'win32') return
  app.setAppUserModelId(APP_ID)
  if (app.isPackaged) app.setAsDefaultProtocolClient('shoal', process.execPath, ['--']) // a link is never an option
}

let blocker: number | undefined

export function keepAwake(should: boolean): void {
  if (should) blocker ??= powerSaveBlocker.start('prevent-app-suspension')
  else if (blocker != null) {
    powerSaveBlocker.stop(blocker)
    blocker = undefined
  }
}
