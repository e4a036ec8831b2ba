// Files of this repository, from wherever a script stands.
import fs from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../../..')
export const at = (...parts) => path.join(root, ...parts)
export const read = name => fs.readFileSync(at(name), 'utf8')

/** The files below a folder, by their paths from the root, with slashes. */
export function below(folder) {
  return filesBelow(at(folder)).map(name => `${folder}/${name}`)
}

/** The files below any folder, by their paths from there, with slashes. */
export function filesBelow(folder) {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(name => fs.statSync(path.join(folder, name)).isFile()).map(name => name.split(path.sep).join('/'))
}
