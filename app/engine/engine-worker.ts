// The entry of the engine's thread.
import { workerData } from 'node:worker_threads'
import { watchLoop } from '../../core/loop-blocks.ts'
import { startTrace } from '../../core/trace.ts'
import { openApplication } from '../service/application.ts'
import { openLog } from '../service/log.ts'
import type { EngineOptions, OpenApplication } from './options.ts'
import { runEngine } from './run-engine.ts'

const { dataDir } = workerData as EngineOptions // put there by startEngine
const log = openLog(dataDir)

let watch: Disposable | undefined
const open: OpenApplication = (options, signal) => {
  startTrace(process.env.SHOAL_TRACE, line => process.stderr.write(line), Date.now)
  watch ??= watchLoop()
  return openApplication(options, signal)
}

await runEngine(open, (call, error) => log.error(`call${call.replaceAll('/', '.')}.failed`, error))
