// `shoal get -`: the link comes by standard input, so that neither the list of processes nor a shell's history shows it.
import { addAbortSignal, type Readable } from 'node:stream'
import { CodedError } from '../../core/errors.ts'
import { linkText } from './args.ts'

const MAX_BYTES = 8192 // as a share file's: the parser of links says what is wrong with one

/** Trimmed. Throws `invalid-link` when nothing or too much comes, and what `signal` was aborted with. */
export async function readPipedLink(stdin: Readable, signal: AbortSignal): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of addAbortSignal(signal, stdin)) {
      pieces.push(Buffer.from(piece as Uint8Array))
      bytes += pieces.at(-1)!.length
      if (bytes > MAX_BYTES) throw new CodedError('invalid-link', 'The link is too long.')
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  return linkText(Buffer.concat(pieces).toString('utf8').trim())
}
