// The program. Ctrl-C once ends in order, twice at once; a reader of our output that goes away is no fault.
import { CodedError } from '../../core/errors.ts'
import { realClock } from '../service/clock.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { run } from './run.ts'

const interrupt = new AbortController()
// not SIGHUP: `nohup shoal serve` has it ignored, and a handler would undo that
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(EXIT_CODES.cancelled)
    interrupt.abort(new CodedError('cancelled', 'Cancelled; the same command goes on.'))
  })
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE') process.exitCode = EXIT_CODES.internal
  })
}

const status = await run({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  version: process.env.SHOAL_VERSION ?? '0.0.0',
  stdout: process.stdout,
  stderr: process.stderr,
  clock: realClock,
  interrupt: interrupt.signal
})
process.exit(status) // a handle that somebody forgot does not keep the prompt away
