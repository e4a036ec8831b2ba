// The entry of the host under `npm run dev`: `shoal serve` from its sources. What it prints goes to whoever forked it, and when that one hangs up, in order or
// because it was killed, the host ends.
import { CodedError } from '../../../core/errors.ts'
import { run } from '../../cli/run.ts'
import { systemClock } from '../../../core/clock.ts'

const interrupt = new AbortController()
process.once('disconnect', () => interrupt.abort(new CodedError('cancelled', 'Stopped.')))
if (!process.connected) process.exit() // while this was loaded
process.on('SIGINT', () => {}) // the terminal sends it to both; whoever forked this decides

const status = await run({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  version: '0.0.0',
  stdout: { write: text => process.connected && process.send(text) },
  stderr: process.stderr,
  clock: systemClock,
  interrupt: interrupt.signal
})
process.exit(status)
