// An engine's thread over the fake service, for tests of what hosts it.
import { CodedError } from '../../core/errors.ts'
import { openFake } from './fake-service.ts'
import { runEngine } from '../engine/run-engine.ts'

/** Never resolves: the thread is gone before. */
const crashSoon = (): Promise<void> => {
  setImmediate(() => {
    throw new Error('crash')
  })
  return new Promise(() => {})
}

await runEngine(
  async options => {
    // a data directory with such a name asks for that fault
    if (options.dataDir.endsWith('damaged')) throw new CodedError('data-damaged', 'as asked')
    const fake = await openFake(options)
    return options.dataDir.endsWith('crash-at-stop') ? { ...fake, [Symbol.asyncDispose]: crashSoon } : fake
  },
  () => {}
)
