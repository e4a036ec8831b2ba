// `shoal serve`: a node without a screen, with a page for the browser on this machine, until it is told to stop.
import { CodedError } from '../../core/errors.ts'
import { openBrowser } from '../host/open-browser.ts'
import type { Command } from './args.ts'
import { listeningLine, uiLine } from './json-lines.ts'
import type { Task } from './task.ts'
import { untilInterrupted } from './share.ts'

export type ServeCommand = Extract<Command, { name: 'serve' }>

export async function serve({ command, out, session, interrupt }: Task<ServeCommand>): Promise<number> {
  if (!session.isHolder || session.uiUrl == null) {
    const where = session.uiUrl == null ? 'Stop it first.' : '"shoal info" prints the address of its page.'
    throw new CodedError('already-running', `Shoal is already running on this data directory. ${where}`)
  }
  out.line(listeningLine(await session.client.node.info({})))
  out.line(uiLine(session.uiUrl))
  out.text(session.uiUrl)
  out.note('Running until you press Ctrl-C.')
  const mayOpen = command.open && out.isForPeople
  using _file = mayOpen ? openBrowser(command.dataDir, session.uiUrl) : null
  return await untilInterrupted(session.ended, interrupt)
}
