// An instance in the browser: `shoal serve`, and its page in a profile of its own.

import type { Browser } from 'playwright-core'
import { openPage } from './browser.ts'
import { startServe } from './peer.ts'
import type { Running, Shell, Start } from './shell.ts'

/** @param browser shows all of them */
export function webShell(browser: Browser): Shell {
  return { copiesDropped: true, start: async start => await startWeb(browser, start) }
}

async function startWeb(browser: Browser, { dataDir, folder, flags, network, view }: Start): Promise<Running> {
  await using acquiring = new AsyncDisposableStack()
  const host = acquiring.use(startServe({ data: dataDir, network, more: ['--folder', folder, ...flags] }))
  const { url } = await host.line('ui')
  const { page, context, complaints } = await openPage(browser, url, view)
  acquiring.defer(async () => await context.close())
  const owned = acquiring.move()
  return {
    page,
    app: null,
    complaints,
    readClipboard: async () => await page.evaluate<string>('navigator.clipboard.readText()'),
    writeClipboard: async text => await page.evaluate<void>(`navigator.clipboard.writeText(${JSON.stringify(text)})`),
    stop: async () => {
      host.kill('SIGINT')
      const { code } = await host.finish()
      await owned.disposeAsync()
      // Windows has no signals: the host was ended there and then
      if (code !== 0 && process.platform !== 'win32') throw host.failure('did not end in good order')
    },
    kill: async () => await owned.disposeAsync()
  }
}
