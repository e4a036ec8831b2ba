// deb and rpm link `shoal` to the launcher (main/resources/bin/shoal) instead of the program: a command must run without a screen. Everything else
// of their scripts is the builder's.
import fs from 'node:fs'
import path from 'node:path'
import { at } from './repository.mjs'

const TEMPLATES = at('node_modules/app-builder-lib/templates/linux')
const PROGRAM = "'/opt/${sanitizedProductName}/${executable}'"
const LAUNCHER = "'/opt/${sanitizedProductName}/resources/bin/${executable}'"

/** Writes both scripts into `folder`; returns what the builder is to be told. Throws when the builder's are other ones than expected. */
export function linuxScripts(folder) {
  fs.mkdirSync(folder, { recursive: true })
  const afterInstall = rewritten('after-install.tpl', folder, 3)
  const afterRemove = rewritten('after-remove.tpl', folder, 1)
  return { deb: { afterInstall, afterRemove }, rpm: { afterInstall, afterRemove } }
}

function rewritten(name, folder, times) {
  const parts = fs.readFileSync(path.join(TEMPLATES, name), 'utf8').split(PROGRAM)
  if (parts.length !== times + 1) throw new Error(`the builder's ${name} links the program in another way`)
  const file = path.join(folder, name)
  fs.writeFileSync(file, parts.join(LAUNCHER))
  return file
}
