// `shoal get`: follows a transfer to its end, whoever runs it. Ctrl-C pauses it (130); the same command goes on.
import { CodedError } from '../../core/errors.ts'
import { readNamedLink } from '../../core/files/share-file.ts'
import type { Client } from '../engine/client.ts'
import type { TransferEvent } from '../contract/shapes.ts'
import type { Command } from './args.ts'
import { openToOthers } from './destination.ts'
import { formatBytes } from './format.ts'
import { doneLine, fetchLine, listeningLine } from './json-lines.ts'
import type { Output } from './output.ts'
import type { Task } from './task.ts'

export type GetCommand = Extract<Command, { name: 'get' }>
type Done = Extract<TransferEvent, { type: 'done' }>

const PAUSE_DEADLINE_MS = 5_000

export async function get({ command, out, session, interrupt }: Task<GetCommand>): Promise<number> {
  const { client } = session
  const { directory, giveUpAfterMs, manyFiles, peers } = command
  const link = await readNamedLink(command.link, command.cwd)
  out.line(listeningLine(await client.node.info({})))
  const open = openToOthers(directory)
  if (open != null) out.note(`Other users of this computer can write to ${open}, and may replace what is saved there.`)
  const { grants } = await client.grant.paths({ paths: [directory], use: 'write' })
  const folder = grants[0] ?? null
  const asked = { link, folder, selection: null, addrs: [...peers], giveUpAfterMs, first: true, manyFiles }
  const started = await client.transfer.start(asked)
  const done = await follow(client, started, out, interrupt)
  out.line(doneLine(done))
  const from = done.sources > 1 ? ` from ${done.sources} peers` : ''
  out.note(`${formatBytes(done.bytes)} in ${done.seconds.toFixed(1)} s${from}, verified.`)
  out.text(done.path ?? '')
  return 0
}

async function follow(
  client: Client,
  { id, root }: { id: string; root: string },
  out: Output,
  signal: AbortSignal
): Promise<Done> {
  const nothing = { root, bytes: 0, total: null, rate: 0, received: 0, duplicate: 0 }
  using progress = out.progress(fetchLine({ type: 'progress', phase: 'find', ...nothing }))
  try {
    for await (const event of await client.transfer.follow({ id }, { signal })) {
      if (event.type === 'done') return event
      if (event.type === 'paused')
        throw new CodedError('cancelled', 'The download was paused; run the same command again to resume.')
      progress.report(fetchLine(event))
    }
  } catch (error) {
    if (!signal.aborted) throw error
    await client.transfer.pause({ id }, { signal: AbortSignal.timeout(PAUSE_DEADLINE_MS) }).catch(() => {})
    throw new CodedError('cancelled', 'Paused; run the same command again to resume.')
  }
  throw new CodedError('internal', 'The download ended unexpectedly; the log has the details.')
}
