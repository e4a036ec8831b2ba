// What each system is told about a packed application, and what the program itself refuses.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { archiveHash, fusesOf, plistText, windowsResources } from './read-back.mjs'
import { at, read } from './repository.mjs'

const FUSES = {
  RunAsNode: false,
  EnableCookieEncryption: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  GrantFileProtocolExtraPrivileges: false,
  WasmTrapHandlers: true // as Electron ships it
}

export async function checkFuses({ executable }) {
  assert.deepEqual(await fusesOf(executable), FUSES)
}

export function checkDesktopEntry(entry) {
  const lines = entry.split('\n')
  const wanted = ['Name=Shoal', 'MimeType=application/x-shoal;x-scheme-handler/shoal;', 'StartupWMClass=shoal']
  for (const line of wanted) assert.ok(lines.includes(line), `no ${line} in\n${entry}`)
  assert.ok(
    lines.some(line => /^Exec=.*shoal.* %U$/.test(line)),
    entry
  )
}

export function checkUpdateFeed({ resources }) {
  const feed = fs.readFileSync(path.join(resources, 'app-update.yml'), 'utf8')
  assert.match(feed, /^owner: somebody\nrepo: shoal\nprovider: github\n/)
}

export function checkExe({ archive, executable }) {
  const { integrity, icons, text } = windowsResources(executable)
  assert.deepEqual(integrity, [{ file: 'resources\\app.asar', alg: 'SHA256', value: archiveHash(archive) }])
  assert.equal(icons, 7)
  assert.match(text, /ProductName\0+Shoal\0/)
}

export function checkMac({ archive, infoPlist, resources }) {
  const plist = fs.readFileSync(infoPlist, 'utf8')
  const integrity = plistText(plist, 'ElectronAsarIntegrity')
  assert.ok(integrity?.includes('<key>Resources/app.asar</key><dict>'), integrity)
  assert.ok(
    integrity.includes(`<string>SHA256</string><key>hash</key><string>${archiveHash(archive)}</string>`),
    integrity
  )
  assert.equal(plistText(plist, 'CFBundleURLSchemes'), '<array><string>shoal</string></array>')
  assert.equal(plistText(plist, 'CFBundleTypeExtensions'), '<array><string>shoal</string></array>')
  assert.equal(plistText(plist, 'NSBonjourServices'), '<array><string>_p2p._udp</string></array>')
  assert.ok(
    read('core/network/mdns-packet.ts').includes("'_p2p._udp.local'"),
    'the network looks for another service than the system is told'
  )
  assert.match(plistText(plist, 'NSLocalNetworkUsageDescription') ?? '', /Shoal finds other computers/)
  assert.deepEqual(fs.readFileSync(path.join(resources, 'icon.icns')), fs.readFileSync(at('main/resources/icon.icns')))
  const entitlements = read('main/resources/entitlements.mac.plist')
  assert.deepEqual(
    [...entitlements.matchAll(/<key>(.+)<\/key>/g)].map(([, key]) => key),
    ['com.apple.security.cs.allow-jit']
  )
}
