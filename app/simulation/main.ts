// `npm run simulate`: runs of the simulator, by seed. Ends with 1 when one of them broke something: then it says what, shows what happened last, and makes the
// run smaller.
import { parseArgs } from 'node:util'
import { startTrace } from '../../core/trace.ts'
import { loadSimulator } from './load.ts'
import { shrink } from './shrink.ts'

const LAST = 60
const SHRINK_MS = 120_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    log: { type: 'boolean', default: false }
  }
})
const first = Number(values.seed ?? Date.now() % 1_000_000_000)
const runs = values.runs == null ? (values.minutes == null ? 1 : Infinity) : Number(values.runs)
const endAt = performance.now() + 60_000 * Number(values.minutes ?? Infinity)
if (![first, runs].every(number => number >= 0) || Number.isNaN(endAt)) {
  console.error('Usage: npm run simulate -- [--seed N] [--runs N | --minutes M] [--log]')
  process.exit(2)
}

const { simulate, planOf } = await loadSimulator()
startTrace(process.env['SHOAL_TRACE'], line => process.stderr.write(line), Date.now)
const startedAt = performance.now()
let simulatedMs = 0
let failed = 0
let done = 0
for (let seed = first; done < runs && performance.now() < endAt; seed++, done++) {
  const result = await simulate(planOf(seed))
  simulatedMs += result.simulatedMs
  if (values.log) console.log(result.log.join('\n'))
  if (result.broken == null) continue
  failed++
  const { message, cause } = result.broken
  console.log(`seed ${seed}: ${message}\n${result.lastEvents.slice(-LAST).join('\n')}`)
  if (cause != null) console.log(cause)
  const until = performance.now() + SHRINK_MS
  const smallest = await shrink(result.plan, message, {
    breaks: async plan => (await simulate(plan)).broken?.message,
    goesOn: () => performance.now() < until
  })
  console.log(`as small as it gets, for app/simulation/cases.ts:\n${JSON.stringify(smallest)}`)
}
const minutes = (performance.now() - startedAt) / 60_000
console.log(
  `seeds ${first} to ${first + done - 1}: ${done - failed} of ${done} runs broke nothing; ` +
    `${(simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${(simulatedMs / 3_600_000 / minutes).toFixed(1)} a minute`
)
process.exitCode = failed === 0 ? 0 : 1
