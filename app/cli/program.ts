// The command line as a program: its arguments in, its exit status out. Ctrl-C once ends in order, twice at once; a reader of our output that goes away is
// no fault.
import { CodedError } from '../../core/errors.ts'
import { systemClock } from '../../core/clock.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { run } from './run.ts'

/** Once a process: it listens to the process's signals. `end` is called with a status when it should end at once. */
export async function runProgram(args: readonly string[], end: (status: number) => void): Promise<number> {
  const interrupt = new AbortController()
  // not SIGHUP: `nohup shoal serve` has it ignored, and a handler would undo that
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) end(EXIT_CODES.cancelled)
      interrupt.abort(new CodedError('cancelled', 'Cancelled; run the same command again to resume.'))
    })
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = EXIT_CODES.internal
    })
  }
  return run({
    args,
    env: process.env,
    cwd: process.cwd(),
    version: process.env.SHOAL_VERSION ?? '0.0.0',
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    interrupt: interrupt.signal
  })
}
