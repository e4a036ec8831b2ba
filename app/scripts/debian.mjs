// Packages of Debian, for what npm does not bring. Runs on Node 20.
import { spawnSync } from 'node:child_process'

/** Tries to install it, where that is possible: on a system with apt-get, as root. Whoever asks looks whether it is there. */
export function installDebian(name) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], options)
}
