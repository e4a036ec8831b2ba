// Loaded into the process of every test file: one that is not over in time, as something it opened is still open, ends red and says what it waits for.
// Without it a run that hangs ends by its machine's limit, and nobody learns which file it was.
import { isMainThread } from 'node:worker_threads'

const ms = Number(process.env.SHOAL_TEST_FILE_MS)
if (isMainThread && ms > 0) setTimeout(end, ms).unref()

function end() {
  const open = process.getActiveResourcesInfo().join(', ')
  process.stderr.write(`Not over after ${Math.round(ms / 1000)} s. Still open: ${open}\n`)
  process.exit(1)
}
