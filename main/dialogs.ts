// What is asked of the user outside the page, in the system's own dialogs.
import { type BrowserWindow, dialog, type MessageBoxOptions, type OpenDialogOptions, shell } from 'electron'
import { plain } from '../app/cli/format.ts'
import { toWire } from '../app/contract/wire-error.ts'
import { readRunFile } from '../app/host/run-file.ts'
import { isIndexUnusable, repairIndex } from '../app/service/repair.ts'
import { codeOf } from '../core/errors.ts'
import type { Translate } from './i18n.ts'

const CHOICES: Record<'files' | 'folder' | 'place', OpenDialogOptions> = {
  files: { properties: ['openFile', 'multiSelections'] },
  folder: { properties: ['openDirectory', 'multiSelections'] },
  place: { properties: ['openDirectory', 'createDirectory'] }
}

/** Absolute paths; none when the user thought better of it. */
export async function chooseIn(window: BrowserWindow | undefined, what: keyof typeof CHOICES): Promise<string[]> {
  const options = CHOICES[what]
  const answer = await (window == null ? dialog.showOpenDialog(options) : dialog.showOpenDialog(window, options))
  return answer.canceled ? [] : answer.filePaths
}

/** True: quit all the same. */
export async function askToQuit(window: BrowserWindow | undefined, sentence: string, t: Translate): Promise<boolean> {
  const buttons = [t('quit.no'), t('quit.yes')]
  const options: MessageBoxOptions = { type: 'question', message: sentence, detail: t('quit.detail'), buttons, defaultId: 0, cancelId: 0 } // prettier-ignore
  const visible = window?.isVisible() === true ? window : undefined
  const { response } = await (visible == null
    ? dialog.showMessageBox(options)
    : dialog.showMessageBox(visible, options))
  return response === 1
}

export function tellFailed(error: unknown, t: Translate): void {
  dialog.showErrorBox(t('failed.title'), plain(toWire(error).message)) // before Electron is ready that is stderr
}

/** Why there is no engine. True: try again. Somebody else holding the data may have a page, which is offered; a damaged index is repaired after one question. */
export async function tellNoEngine(error: unknown, dataDir: string, t: Translate): Promise<boolean> {
  try {
    if (await offerRepair(error, dataDir, t)) return true
  } catch (error_) {
    return askAgain(error_, t)
  }
  if (codeOf(error) !== 'already-running') return askAgain(error, t)
  const page = readRunFile(dataDir)?.ui ?? null
  const buttons = [t('again'), ...(page == null ? [] : [t('busy.page')]), t('close')]
  const options: MessageBoxOptions = { type: 'info', message: t('busy.title'), detail: t('busy.text'), buttons, defaultId: 0, cancelId: buttons.length - 1 } // prettier-ignore
  const { response } = await dialog.showMessageBox(options)
  if (page != null && response === 1) await openOwnPage(page)
  return response === 0
}

/** Where a damaged index is why there is no engine. True: it was repaired, try again. Throws what `repairIndex` throws. */
export async function offerRepair(error: unknown, dataDir: string, t: Translate): Promise<boolean> {
  if (codeOf(error) !== 'data-damaged' || !isIndexUnusable(dataDir)) return false
  const buttons = [t('damaged.repair'), t('close')]
  const options: MessageBoxOptions = { type: 'warning', message: t('damaged.title'), detail: t('damaged.text'), buttons, defaultId: 0, cancelId: 1 } // prettier-ignore
  const { response } = await dialog.showMessageBox(options)
  if (response === 0) repairIndex(dataDir, Date.now())
  return response === 0
}

/** The window is there already, and says nothing of an engine that has not been there yet. */
async function askAgain(error: unknown, t: Translate): Promise<boolean> {
  const buttons = [t('again'), t('close')]
  const options: MessageBoxOptions = { type: 'error', message: t('failed.title'), detail: toWire(error).message, buttons, defaultId: 0, cancelId: 1 } // prettier-ignore
  const { response } = await dialog.showMessageBox(options)
  return response === 0
}

/** The page of a Shoal on this machine, and nothing else that run.json may have been made to say. */
async function openOwnPage(url: string): Promise<void> {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'http:' && hostname === '127.0.0.1') await shell.openExternal(url)
}
