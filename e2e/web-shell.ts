// An instance in the browser: `shoal serve`, and its page in a profile of its own.

import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { openChromium, openPage } from './browser.ts'
import { startServe } from './peer.ts'
import type { Running, Shell, Start } from './shell.ts'

/** @param browser shows all of them but those in a namespace, which get one of their own */
export function webShell(browser: Browser): Shell {
  return { copiesDropped: true, start: async start => await startWeb(browser, start) }
}

async function startWeb(
  shared: Browser,
  { dataDir, folder, flags, network, prefix, view, scratch }: Start
): Promise<Running> {
  await using acquiring = new AsyncDisposableStack()
  const host = acquiring.use(startServe({ data: dataDir, network, prefix, more: ['--folder', folder, ...flags] }))
  const { url } = await host.line('ui')
  let browser = shared
  if (prefix.length > 0) {
    browser = await openChromium(execIn(prefix, scratch))
    acquiring.defer(async () => await browser.close())
  }
  const { page, context, complaints } = await openPage(browser, url, view)
  acquiring.defer(async () => await context.close())
  const owned = acquiring.move()
  return {
    page,
    complaints,
    stop: async () => {
      host.kill('SIGINT')
      const { code } = await host.finish()
      await owned.disposeAsync()
      if (code !== 0) throw host.failure('did not end in good order')
    },
    kill: async () => await owned.disposeAsync()
  }
}

/** A program's path and arguments become those of a script that starts it behind a prefix. */
export function execIn(prefix: readonly string[], scratch: string): (program: string) => string {
  return program => {
    const script = path.join(scratch, `in-namespace-${path.basename(program)}.sh`)
    const words = [...prefix, program].map(word => `'${word}'`) // names of the test's own: no quotes in them
    writeFileSync(script, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
    chmodSync(script, 0o755)
    return script
  }
}
