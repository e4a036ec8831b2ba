// The commands that ask and end: ls, peers, transfers, info, remove, verify.
import { CodedError } from '../../core/errors.ts'
import type { Share } from '../contract/shapes.ts'
import type { Command } from './args.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { formatBytes, formatRate, formatTable } from './format.ts'
import { infoLine, peerLine, removedLine, shareLine, transferLine, verifiedLine, verifyLine } from './json-lines.ts'
import type { Output } from './output.ts'
import type { Task } from './task.ts'

export type ShortCommand = Extract<Command, { name: 'ls' | 'peers' | 'transfers' | 'info' | 'remove' | 'verify' }>

export async function runShortCommand(task: Task<ShortCommand>): Promise<number> {
  const { command, out, session, interrupt } = task
  const { client } = session
  const call = { signal: interrupt }
  switch (command.name) {
    case 'ls': {
      const rows = await client.share.list({}, call)
      for (const row of rows) out.line(shareLine(row))
      table(out, rows.map(row => [row.root, sharedSizes(row), row.state, row.name]), 'Nothing is shared.') // prettier-ignore
      return 0
    }
    case 'transfers': {
      const rows = await client.transfer.list({}, call)
      for (const row of rows) out.line(transferLine(row))
      await noteFull(task)
      table(out, rows.map(row => [row.root, sizes(row.bytes, row.total), row.rate > 0 ? formatRate(row.rate) : '', row.state, row.name]), 'No downloads.') // prettier-ignore
      return 0
    }
    case 'peers': {
      const rows = await client.peer.list({}, call)
      for (const row of rows) out.line(peerLine(row))
      table(out, rows.map(row => [row.name, row.peerId, row.via, row.direct ? 'direct' : 'relayed', row.latencyMs == null ? '' : `${row.latencyMs.toFixed(1)} ms`]), 'No peers connected.') // prettier-ignore
      return 0
    }
    case 'info': {
      const info = await client.node.info({}, call)
      out.line(infoLine(info, command.dataDir, session.uiUrl))
      const facts = [['Version', info.version], ['Name', info.name], ['Peer ID', info.peerId], ['Network', info.network], ['Data', command.dataDir], ['Page', session.uiUrl ?? 'none'], ...info.addrs.map(addr => ['Address', addr])] // prettier-ignore
      table(out, facts, '')
      if (info.ownDisk === 'full') out.note(OWN_DISK_FULL)
      return 0
    }
    case 'remove': {
      await client.share.remove({ root: command.root }, call)
      out.line(removedLine(command.root))
      out.text('Removed. Your files are kept.')
      return 0
    }
    case 'verify':
      return verify(command.root, task)
    default:
      throw new Error(command satisfies never)
  }
}

const OWN_DISK_FULL =
  "The disk with Shoal's own data (see `shoal info`) is full: downloads are waiting, and nothing new can be started. Free up space there, and they resume automatically."

async function noteFull({ session, interrupt, out }: Task<ShortCommand>): Promise<void> {
  const { ownDisk } = await session.client.node.info({}, { signal: interrupt })
  if (ownDisk === 'full') out.note(OWN_DISK_FULL)
}

async function verify(root: string, { out, session, interrupt }: Task<ShortCommand>): Promise<number> {
  using progress = out.progress(verifyLine(root, { type: 'progress', bytes: 0, total: null, rate: 0 }))
  for await (const event of await session.client.share.verify({ root }, { signal: interrupt })) {
    if (event.type === 'progress') {
      progress.report(verifyLine(root, event))
      continue
    }
    out.line(verifiedLine(event))
    for (const path of event.bad) out.text(`Changed: ${path}`)
    out.note(event.bad.length === 0 ? `All ${formatBytes(event.bytes)} match what was shared.` : 'Changed files are no longer available to others; share them again to share the current version.') // prettier-ignore
    return event.bad.length === 0 ? 0 : EXIT_CODES['source-changed']
  }
  throw new CodedError('internal', 'Checking ended unexpectedly; the log has the details.')
}

const sizes = (bytes: number, total: number | null): string =>
  total == null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`

/** Of a share of which only some files were chosen: what is here of it. */
const sharedSizes = ({ bytes, files, hereBytes, hereFiles }: Share): string =>
  hereFiles === files ? formatBytes(bytes) : `${formatBytes(hereBytes)} of ${formatBytes(bytes)}`

function table(out: Output, rows: string[][], empty: string): void {
  if (rows.length === 0) out.note(empty)
  for (const line of formatTable(rows)) out.text(line)
}
