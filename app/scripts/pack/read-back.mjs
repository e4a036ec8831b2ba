// What is in a packed application, read from the outside: its archive, its fuses, what the system is told about it.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { getRawHeader } from '@electron/asar'
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { NtExecutable, NtExecutableResource } from 'resedit'

/** Where things are in a folder that the builder made. */
export function placesIn({ system, dir }) {
  const bundle = path.join(dir, 'Shoal.app')
  const resources = system === 'mac' ? path.join(bundle, 'Contents/Resources') : path.join(dir, 'resources')
  return {
    resources,
    archive: path.join(resources, 'app.asar'),
    executable: { linux: path.join(dir, 'shoal'), win: path.join(dir, 'Shoal.exe'), mac: bundle }[system],
    infoPlist: path.join(bundle, 'Contents/Info.plist')
  }
}

/** @returns {Promise<Record<string, boolean>>} the fuses by name; one in another state than on or off is left out */
export async function fusesOf(executable) {
  const wire = await getCurrentFuseWire(executable)
  const states = Object.entries(wire).filter(([, state]) => state === FuseState.ENABLE || state === FuseState.DISABLE)
  return Object.fromEntries(states.map(([index, state]) => [FuseV1Options[index], state === FuseState.ENABLE]))
}

/** The hash of an archive's header, which holds the hashes of all files in it: what Electron compares before it loads any. */
export const archiveHash = archive => createHash('sha256').update(getRawHeader(archive).headerString).digest('hex')

/** Every file of an archive: its path with slashes, whether it lies unpacked beside it, whether a hash of it is known. */
export function filesIn(archive) {
  const found = []
  const walk = (folder, at) => {
    for (const [name, entry] of Object.entries(folder.files)) {
      const where = path.posix.join(at, name)
      if (entry.files != null) walk(entry, where)
      else found.push({ path: where, isUnpacked: entry.unpacked === true, isHashed: entry.integrity?.hash != null })
    }
  }
  walk(getRawHeader(archive).header, '')
  return found
}

/** What an .exe carries beside its code. */
export function windowsResources(executable) {
  const exe = NtExecutable.from(fs.readFileSync(executable), { ignoreCert: true })
  const { entries } = NtExecutableResource.from(exe)
  const integrity = entries.find(({ type, id }) => type === 'INTEGRITY' && id === 'ELECTRONASAR')
  return {
    integrity: integrity == null ? undefined : JSON.parse(Buffer.from(integrity.bin).toString()),
    icons: entries.filter(({ type }) => type === 3).length, // RT_ICON
    text: Buffer.concat(entries.filter(({ type }) => type === 16).map(({ bin }) => Buffer.from(bin))).toString(
      'utf16le'
    ) // RT_VERSION
  }
}

/** The value behind a key of a property list, as its text stands there, without the white space. */
export function plistText(plist, key) {
  const [, tail] = plist.split(`<key>${key}</key>`)
  if (tail == null) return undefined
  const compact = tail.replace(/>\s+</g, '><').trim()
  const tag = /^<(\w+)/.exec(compact)?.[1]
  return compact.slice(0, compact.indexOf(`</${tag}>`) + `</${tag}>`.length)
}
