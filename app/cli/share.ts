// `shoal share`: indexes, prints the link, and serves. Ctrl-C while it indexes is `cancelled` (130); once the link is printed it is the documented way
// to end, so it is 0: what was asked for is done, and the share stays for every later node on the data directory.
import { CodedError } from '../../core/errors.ts'
import type { Client } from '../engine/client.ts'
import type { ShareEvent } from '../contract/shapes.ts'
import { formatBytes } from './format.ts'
import { indexLine, listeningLine, sharedLine } from './json-lines.ts'
import type { Command } from './args.ts'
import type { Output } from './output.ts'
import type { Task } from './task.ts'

export type ShareCommand = Extract<Command, { name: 'share' }>
type Shared = Extract<ShareEvent, { type: 'shared' }>

export async function share({ command, out, session, interrupt }: Task<ShareCommand>): Promise<number> {
  const { client } = session
  out.line(listeningLine(await client.node.info({})))
  const { grants } = await client.grant.paths({ paths: [...command.paths], use: 'read' })
  const { job } = await client.share.create({ grants, skipUnreadable: command.skipUnreadable })
  const shared = await follow(client, job, out, interrupt)
  out.line(sharedLine(shared))
  for (const { path, reason } of shared.leftOut) out.note(`Left out: ${path} (${reason})`)
  out.note(`${shared.name} · ${formatBytes(shared.bytes)} · ${shared.files} ${shared.files === 1 ? 'file' : 'files'}`) // prettier-ignore
  out.text(shared.link)
  if (!session.isHolder) return 0
  out.note('Sharing until you press Ctrl-C.')
  return untilInterrupted(session.ended, interrupt)
}

async function follow(client: Client, job: string, out: Output, signal: AbortSignal): Promise<Shared> {
  using progress = out.progress(indexLine({ type: 'progress', bytes: 0, total: null, rate: 0, files: 0 }))
  try {
    for await (const event of await client.share.follow({ job }, { signal })) {
      if (event.type === 'shared') return event
      progress.report(indexLine(event))
    }
  } catch (error) {
    if (!signal.aborted) throw error
    await client.share.cancel({ job }).catch(() => {})
    throw new CodedError('cancelled', 'Cancelled; nothing was shared.')
  }
  throw new CodedError('internal', 'Preparing the share ended unexpectedly; the log has the details.')
}

/** 0 when asked to stop; throws the fault when the engine ends by itself. */
export async function untilInterrupted(ended: Promise<CodedError | undefined>, signal: AbortSignal): Promise<number> {
  const stop = Promise.withResolvers<undefined>()
  const leave = (): void => stop.resolve(undefined)
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  const fault = await Promise.race([stop.promise, ended])
  signal.removeEventListener('abort', leave)
  if (fault != null) throw fault
  return 0
}
