// What the window's own surfaces say: menus, tray, notifications, dialogs. The page has its words in renderer/i18n; these are the few it cannot draw.
import { placeNames } from '../app/contract/places.ts'

const en = {
  ...placeNames('en'),
  'menu.file': 'File',
  'menu.edit': 'Edit',
  'menu.view': 'View',
  'menu.window': 'Window',
  'menu.help': 'Help',
  'menu.share.files': 'Share files…',
  'menu.share.folder': 'Share a folder…',
  'menu.settings': 'Settings…',
  'menu.logs': 'Show log files',
  'tray.open': 'Open Shoal',
  'tray.idle': 'Shoal is ready',
  'tray.moving': 'Shoal is transferring',
  'tray.quit': 'Quit Shoal',
  'notify.done': 'Download complete, every byte checked. Click to see it.',
  'notify.failed': 'Download failed. Click to see why.',
  'quit.one': '{names} is still downloading {shares} from you.',
  'quit.many': '{names} are still downloading {shares} from you.',
  'quit.detail': 'If you quit now, it resumes when you are back or another device has it. Nothing is lost.',
  'quit.yes': 'Quit',
  'quit.no': 'Keep running',
  and: 'and',
  others: '{n} others',
  'device.unnamed': 'Somebody',
  'busy.title': 'Shoal is already running without a window',
  'busy.text':
    'Another Shoal on this computer uses the same data: a command in a terminal, or Shoal running without a window.',
  'busy.page': 'Open its page',
  'damaged.title': 'Shoal’s index is damaged',
  'damaged.text':
    'Your files are not affected. Shoal can make a new index: it reads again what you share, and downloads resume with what they have. The damaged index is kept.',
  'damaged.repair': 'Make a new index',
  again: 'Try again',
  'failed.title': 'Shoal cannot start',
  close: 'Close'
}
export type TextKey = keyof typeof en

const de: Record<TextKey, string> = {
  ...placeNames('de'),
  'menu.file': 'Datei',
  'menu.edit': 'Bearbeiten',
  'menu.view': 'Ansicht',
  'menu.window': 'Fenster',
  'menu.help': 'Hilfe',
  'menu.share.files': 'Dateien teilen …',
  'menu.share.folder': 'Einen Ordner teilen …',
  'menu.settings': 'Einstellungen …',
  'menu.logs': 'Protokolldateien anzeigen',
  'tray.open': 'Shoal öffnen',
  'tray.idle': 'Shoal ist bereit',
  'tray.moving': 'Shoal überträgt',
  'tray.quit': 'Shoal beenden',
  'notify.done': 'Download abgeschlossen, jedes Byte geprüft. Zum Ansehen klicken.',
  'notify.failed': 'Download fehlgeschlagen. Klicken, um den Grund zu sehen.',
  'quit.one': '{names} lädt noch {shares} von Ihnen herunter.',
  'quit.many': '{names} laden noch {shares} von Ihnen herunter.',
  'quit.detail':
    'Wenn Sie jetzt beenden, geht es weiter, sobald Sie zurück sind oder ein anderes Gerät es hat. Es geht nichts verloren.',
  'quit.yes': 'Beenden',
  'quit.no': 'Weiterlaufen lassen',
  and: 'und',
  others: '{n} andere',
  'device.unnamed': 'Jemand',
  'busy.title': 'Shoal läuft bereits, ohne Fenster',
  'busy.text':
    'Ein anderes Shoal auf diesem Computer benutzt dieselben Daten: ein Befehl in einem Terminal oder Shoal ohne Fenster.',
  'busy.page': 'Seine Seite öffnen',
  'damaged.title': 'Shoals Index ist beschädigt',
  'damaged.text':
    'Ihre Dateien sind nicht betroffen. Shoal kann einen neuen Index anlegen: Was Sie teilen, wird neu gelesen, und Downloads gehen mit dem weiter, was sie haben. Der beschädigte Index wird aufbewahrt.',
  'damaged.repair': 'Neuen Index anlegen',
  again: 'Erneut versuchen',
  'failed.title': 'Shoal kann nicht starten',
  close: 'Schließen'
}
const LANGUAGES: Readonly<Record<string, Record<TextKey, string>>> = { en, de }

export type Translate = (word: TextKey, values?: Readonly<Record<string, string>>) => string

/** In the language of `tag` ("de-AT", "de_DE.UTF-8") where there is one, else in English. */
export function translationFor(tag: string): Translate {
  const words = LANGUAGES[tag.split(/[-_.]/)[0] ?? ''] ?? en
  return (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
}

/** "Ana, Bo and 3 others": at most two by name. */
export function listed(names: readonly string[], t: Translate): string {
  const [first = '', second, ...more] = names
  if (second == null) return first
  if (more.length === 0) return `${first} ${t('and')} ${second}`
  return `${first}, ${second} ${t('and')} ${t('others', { n: String(more.length) })}`
}
