// Opening the page in a browser without its token on any command line, where every user of the machine could read it: the browser is given a file
// that only its owner can read, and the file leads on.
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Best effort: whoever has no browser here reads the address. The file is gone when the result is disposed. */
export function openBrowser(dataDir: string, url: string, platform = process.platform, env = process.env): Disposable {
  const file = path.join(dataDir, 'open-page.html')
  const command = browserCommand(platform, env)
  const forget: Disposable = { [Symbol.dispose]: () => rmSync(file, { force: true }) }
  if (command == null) return forget
  try {
    rmSync(file, { force: true })
    writeFileSync(file, redirectTo(url), { mode: 0o600, flag: 'wx' })
    const [name, ...args] = command
    const child = spawn(name, [...args, file], { stdio: 'ignore', detached: true })
    child.on('error', () => {})
    child.unref()
  } catch {
    // no browser then
  }
  return forget
}

/** What is started with the file as its last argument; undefined where there is no screen. */
export function browserCommand(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): [string, ...string[]] | undefined {
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return [path.win32.join(env.SystemRoot ?? 'C:\\Windows', 'explorer.exe')] // by its name alone, one in this folder would be it
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined
}

/** @param url made by us: scheme, port and base64url token, nothing to escape */
export function redirectTo(url: string): string {
  if (!/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+$/.test(url)) throw new Error('Not an address of ours')
  return `<!doctype html><meta charset="utf-8"><title>Shoal</title><meta http-equiv="refresh" content="0; url=${url}"><p><a href="${url}">Open Shoal</a></p>\n`
}
