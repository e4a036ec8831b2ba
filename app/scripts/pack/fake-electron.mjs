// Fake Electron distributions: the files the builder renames, edits and reads, and nothing that runs. With them packages of all three systems are
// built where Electron's binary cannot be had; what the builder wrote into them can be read back.
import fs from 'node:fs'
import path from 'node:path'
import { FuseState } from '@electron/fuses'
import { NtExecutable, NtExecutableResource, Resource } from 'resedit'

const { ENABLE: ON, DISABLE: OFF } = FuseState
/** The mark fuses stand behind, their version, how many there are, and how Electron ships them. */
const FUSE_WIRE = Buffer.concat([
  Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
  Buffer.from([1, 9]),
  Buffer.from([ON, OFF, ON, ON, OFF, OFF, OFF, ON, ON])
])
const LOCALES = ['de', 'en-US', 'fr']
const MAC_LOCALES = ['de', 'en', 'fr']
const HELPERS = ['', ' (GPU)', ' (Plugin)', ' (Renderer)']

/** Writes the three below `parent` and says where: by the builder's names of the systems. */
export function makeFakeElectrons(parent, version) {
  const into = system => (name, content) => put(path.join(parent, system, name), content)
  makeLinux(into('linux'), version)
  makeWindows(into('win'), version)
  makeMac(into('mac'), version)
  return Object.fromEntries(['linux', 'win', 'mac'].map(system => [system, path.join(parent, system)]))
}

function put(file, content = 'fake') {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content, { mode: 0o755 })
}

function makeLinux(add, version) {
  add('electron', Buffer.concat([Buffer.from('#!/bin/sh\nexit 1 # a fake, not to be run\n'), FUSE_WIRE]))
  add('version', version)
  for (const name of ['chrome-sandbox', 'LICENSE', 'LICENSES.chromium.html']) add(name)
  for (const locale of LOCALES) add(`locales/${locale}.pak`)
}

function makeWindows(add, version) {
  add('electron.exe', fakeExe(version))
  add('version', version)
  for (const name of ['LICENSE', 'LICENSES.chromium.html']) add(name)
  for (const locale of LOCALES) add(`locales/${locale}.pak`)
}

function makeMac(add, version) {
  const bundle = (folder, name) => {
    add(`${folder}/Info.plist`, infoPlist(name, version))
    add(`${folder}/MacOS/${name}`)
  }
  const contents = 'Electron.app/Contents'
  const framework = `${contents}/Frameworks/Electron Framework.framework`
  bundle(contents, 'Electron')
  for (const kind of HELPERS) {
    bundle(`${contents}/Frameworks/Electron Helper${kind}.app/Contents`, `Electron Helper${kind}`)
  }
  add(`${framework}/Electron Framework`, FUSE_WIRE)
  add(`${contents}/Resources/electron.icns`)
  for (const locale of MAC_LOCALES) {
    add(`${contents}/Resources/${locale}.lproj/InfoPlist.strings`)
    add(`${framework}/Versions/A/Resources/${locale}.lproj/locale.pak`)
  }
  for (const name of ['LICENSE', 'LICENSES.chromium.html']) add(name)
  add('version', version)
}

function infoPlist(name, version) {
  const values = {
    CFBundleExecutable: name,
    CFBundleIdentifier: 'com.github.Electron',
    CFBundleName: name,
    CFBundlePackageType: 'APPL',
    CFBundleVersion: version,
    CFBundleShortVersionString: version,
    LSMinimumSystemVersion: '12.0'
  }
  const lines = Object.entries(values).map(([key, value]) => `<key>${key}</key><string>${value}</string>`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>${lines.join('\n')}</dict></plist>
`
}

/** An .exe with a version resource, as Electron's has. */
function fakeExe(version) {
  const exe = NtExecutable.from(emptyExe())
  const resources = NtExecutableResource.from(exe)
  const info = Resource.VersionInfo.createEmpty()
  const [major, minor, patch] = version.split('.').map(Number)
  info.setFileVersion(major, minor, patch, 0, 1033)
  info.setStringValues(
    { lang: 1033, codepage: 1200 },
    { ProductName: 'Electron', FileDescription: 'Electron', OriginalFilename: 'electron.exe' }
  )
  info.outputToResourceEntries(resources.entries)
  resources.outputResource(exe)
  return Buffer.from(exe.generate())
}

const PE = 0x80 // where the PE header begins
const OPTIONAL = PE + 24
const SECTION = OPTIONAL + 240
const ALIGNMENT = 0x200

/** The smallest 64-bit .exe that editors of resources accept: its headers, and one section of data with the fuses. */
function emptyExe() {
  const bytes = Buffer.alloc(2 * ALIGNMENT)
  bytes.write('MZ', 0, 'latin1')
  bytes.writeUInt32LE(PE, 0x3c)
  bytes.write('PE\0\0', PE, 'latin1')
  bytes.writeUInt16LE(0x8664, PE + 4) // machine: x64
  bytes.writeUInt16LE(1, PE + 6) // sections
  bytes.writeUInt16LE(SECTION - OPTIONAL, PE + 20) // size of the optional header
  bytes.writeUInt16LE(0x22, PE + 22) // executable, large addresses
  bytes.writeUInt16LE(0x20b, OPTIONAL) // PE32+
  bytes.writeUInt32LE(0x1000, OPTIONAL + 16) // entry point
  bytes.writeUInt32LE(0x1000, OPTIONAL + 20) // base of code
  bytes.writeBigUInt64LE(0x1_4000_0000n, OPTIONAL + 24) // image base
  bytes.writeUInt32LE(0x1000, OPTIONAL + 32) // alignment in memory
  bytes.writeUInt32LE(ALIGNMENT, OPTIONAL + 36) // and in the file
  bytes.writeUInt16LE(10, OPTIONAL + 40) // version of the system, of the subsystem
  bytes.writeUInt16LE(10, OPTIONAL + 48)
  bytes.writeUInt32LE(0x2000, OPTIONAL + 56) // size of the image, of the headers
  bytes.writeUInt32LE(ALIGNMENT, OPTIONAL + 60)
  bytes.writeUInt16LE(3, OPTIONAL + 68) // subsystem: console
  bytes.writeUInt32LE(16, OPTIONAL + 108) // data directories
  bytes.write('.data', SECTION, 'latin1')
  bytes.writeUInt32LE(ALIGNMENT, SECTION + 8) // size and place in memory, size and place in the file
  bytes.writeUInt32LE(0x1000, SECTION + 12)
  bytes.writeUInt32LE(ALIGNMENT, SECTION + 16)
  bytes.writeUInt32LE(ALIGNMENT, SECTION + 20)
  bytes.writeUInt32LE(0xc000_0040, SECTION + 36) // initialised data, readable, writable
  FUSE_WIRE.copy(bytes, ALIGNMENT)
  return bytes
}
