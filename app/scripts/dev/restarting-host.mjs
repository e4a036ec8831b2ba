// A host that is started anew when its sources change. One at a time: the next begins when the last has ended and its data directory is free.
import { fork } from 'node:child_process'
import path from 'node:path'

const ENTRY = path.join(import.meta.dirname, 'host.mjs')

/**
 * @param {readonly string[]} args of `shoal serve`, with --json
 * @param {(url: string | undefined) => void} onPage the address of its page with the token; undefined while there is none
 */
export function openRestartingHost(args, onPage) {
  let child
  let isWanted = false // a start
  let isStopping = false
  let isBusy = false

  /** Brings what runs to what is wanted, however often that changes meanwhile. */
  async function settle() {
    if (isBusy) return
    isBusy = true
    while (isWanted || (isStopping && child != null)) {
      await end()
      if (isWanted && !isStopping) start()
      isWanted = false
    }
    isBusy = false
  }

  function start() {
    const started = fork(ENTRY, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child = started
    started.on('message', text => {
      for (const line of text.trim().split('\n')) take(JSON.parse(line))
    })
    started.once('exit', () => {
      if (child !== started) return
      child = undefined
      onPage(undefined)
      if (!isBusy) process.stderr.write('The host has ended. It is started again when a source changes.\n')
    })
  }

  function take({ event, url, message }) {
    if (event === 'ui') onPage(url)
    if (event === 'error') process.stderr.write(`${message}\n`)
  }

  async function end() {
    if (child == null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    if (child.connected) child.disconnect()
    await ended
  }

  return {
    /** Starts it, or starts it again. */
    restart() {
      isWanted = true
      void settle()
    },
    /** Ends it for good; when called again, at once. */
    async stop() {
      if (isStopping) child?.kill('SIGKILL')
      isStopping = true
      await settle()
      await end()
    }
  }
}
