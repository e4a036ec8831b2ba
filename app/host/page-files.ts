// The page's files, read once: what is asked for by name is either one of these or not there, so no path is ever put together from a request.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PageFile {
  readonly body: Buffer
  readonly type: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** By URL path; `/` is index.html. Files of other kinds are left out. Empty when the folder is not there: the page was not built. */
export function readPage(folder: URL): ReadonlyMap<string, PageFile> {
  const top = fileURLToPath(folder)
  const files = new Map<string, PageFile>()
  for (const name of namesIn(top)) {
    const type = TYPES[path.extname(name)]
    if (type == null) continue
    const url = name === 'index.html' ? '/' : `/${name.split(path.sep).join('/')}`
    files.set(url, { body: readFileSync(path.join(top, name)), type })
  }
  return files
}

function namesIn(top: string): string[] {
  try {
    const entries = readdirSync(top, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(it => path.relative(top, path.join(it.parentPath, it.name)))
  } catch {
    return []
  }
}
