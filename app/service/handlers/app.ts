// What a page asks of the program around it: a line in the log, something to try it with.
import type { Service } from '../../contract/service.ts'
import { type HandlerParts, noNetwork } from './parts.ts'

const LOGS_PER_MINUTE = 60

export function appHandlers({ network, welcome, log }: HandlerParts): Service['app'] {
  let logged = { minute: 0, count: 0 }
  return {
    /** The text itself is a page's: only that there was one is kept. */
    log({ level, message }) {
      const minute = Math.floor(performance.now() / 60_000)
      if (minute !== logged.minute) logged = { minute, count: 0 }
      if (logged.count++ < LOGS_PER_MINUTE) log.info(`page.${level}`, { chars: message.length })
      return {}
    },
    async welcome() {
      if (network == null) throw noNetwork()
      return { link: await welcome.link() }
    }
  }
}
