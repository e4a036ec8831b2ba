// The entry of the engine's thread.
import { workerData } from 'node:worker_threads'
import { openApplication } from '../service/application.ts'
import { openLog } from '../service/log.ts'
import type { EngineOptions } from './options.ts'
import { runEngine } from './run-engine.ts'

const { dataDir } = workerData as EngineOptions // put there by startEngine
const log = openLog(dataDir)

await runEngine(openApplication, (call, thrown) => log.error(`call${call.replaceAll('/', '.')}.failed`, thrown))
