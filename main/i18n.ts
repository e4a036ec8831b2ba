// What the window's own surfaces say: menus, tray, notifications, dialogs. The page has its words in renderer/words; these are the few it cannot draw.

const en = {
  'menu.file': 'File',
  'menu.edit': 'Edit',
  'menu.view': 'View',
  'menu.window': 'Window',
  'menu.help': 'Help',
  'menu.share.files': 'Share files…',
  'menu.share.folder': 'Share a folder…',
  'menu.home': 'Home',
  'menu.transfers': 'Transfers',
  'menu.library': 'Library',
  'menu.peers': 'Peers',
  'menu.settings': 'Settings…',
  'menu.logs': 'Show log files',
  'tray.open': 'Open Shoal',
  'tray.idle': 'Shoal is ready',
  'tray.moving': 'Shoal is transferring',
  'tray.quit': 'Quit Shoal',
  'notify.done': 'Every byte was checked. Click to see it.',
  'notify.failed': 'It could not be finished. Click to see why.',
  'quit.one': '{names} is still getting {shares} from you.',
  'quit.many': '{names} are still getting {shares} from you.',
  'quit.detail': 'If you quit now, they wait until you are back or somebody else has it. Nothing is lost.',
  'quit.yes': 'Quit',
  'quit.no': 'Keep running',
  and: 'and',
  others: '{n} others',
  'device.unnamed': 'Somebody',
  'busy.title': 'Shoal is already running without a window',
  'busy.text':
    'Another Shoal on this computer uses the same data: a command in a terminal, or a node without a screen.',
  'busy.page': 'Open its page',
  again: 'Try again',
  'failed.title': 'Shoal cannot start',
  close: 'Close'
}
export type TextKey = keyof typeof en

const de: Record<TextKey, string> = {
  'menu.file': 'Datei',
  'menu.edit': 'Bearbeiten',
  'menu.view': 'Ansicht',
  'menu.window': 'Fenster',
  'menu.help': 'Hilfe',
  'menu.share.files': 'Dateien teilen …',
  'menu.share.folder': 'Einen Ordner teilen …',
  'menu.home': 'Start',
  'menu.transfers': 'Übertragungen',
  'menu.library': 'Bibliothek',
  'menu.peers': 'Peers',
  'menu.settings': 'Einstellungen …',
  'menu.logs': 'Protokolldateien zeigen',
  'tray.open': 'Shoal öffnen',
  'tray.idle': 'Shoal ist bereit',
  'tray.moving': 'Shoal überträgt',
  'tray.quit': 'Shoal beenden',
  'notify.done': 'Jedes Byte wurde geprüft. Klicken, um es zu sehen.',
  'notify.failed': 'Es konnte nicht abgeschlossen werden. Klicken, um zu sehen, warum.',
  'quit.one': '{names} holt gerade noch {shares} von Ihnen.',
  'quit.many': '{names} holen gerade noch {shares} von Ihnen.',
  'quit.detail':
    'Wenn Sie jetzt beenden, wird gewartet, bis Sie zurück sind oder jemand anderes es hat. Es geht nichts verloren.',
  'quit.yes': 'Beenden',
  'quit.no': 'Weiterlaufen lassen',
  and: 'und',
  others: '{n} andere',
  'device.unnamed': 'Jemand',
  'busy.title': 'Shoal läuft bereits, ohne Fenster',
  'busy.text':
    'Ein anderes Shoal auf diesem Computer benutzt dieselben Daten: ein Befehl in einem Terminal oder ein Knoten ohne Bildschirm.',
  'busy.page': 'Seine Seite öffnen',
  again: 'Noch einmal versuchen',
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
