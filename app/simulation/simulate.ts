// One simulated run: what its plan says happens, what must hold is looked at after every event, and when the faults are over everything that can be got is got.
import { Content } from './content.ts'
import { Actions } from './actions.ts'
import { isOff } from './off.ts'
import type { Plan } from './plan.ts'
import { hearUncaught } from './uncaught.ts'
import { Watch } from './watch.ts'
import { World } from './world.ts'

/** Longest pauses that the program itself makes (a peer that was refused, a download in line): 15 minutes each. */
const PATIENCE_MS = 2 * 3_600_000
const LOOK_MS = 5_000
/** What was asked for is over by then: at the slowest link, the most that may be asked for takes eleven minutes. */
const REST_MS = 15 * 60_000
/** Turns of the real loop until what goes on of machines that are off has come to its end. */
const TURNS_TO_END = 10

export interface Result {
  readonly plan: Plan
  /** What was broken; undefined: nothing. */
  readonly broken: Error | undefined
  readonly log: readonly string[]
  readonly lastEvents: readonly string[]
  readonly digest: string
  readonly simulatedMs: number
  readonly events: number
  readonly finished: number
}

/** Never rejects: what the world itself throws breaks the run as well. */
export async function simulate(plan: Plan): Promise<Result> {
  const world = new World(plan.seed)
  using _ = hearUncaught((kind, thrown) => {
    if (isOff(thrown)) return
    const what = kind === 'uncaughtException' ? 'an exception that nobody catches' : 'a rejection that nobody handles'
    world.break(`${what} ends the process: ${String(thrown)}`, thrown)
  })
  let finished = 0
  try {
    finished = await happen(world, plan)
  } catch (error) {
    world.break(`the run itself fails: ${String(error)}`, error)
  } finally {
    for (const it of [...world.computers, ...world.hostile]) it.discard()
    for (let turns = 0; turns < TURNS_TO_END; turns++) await new Promise(resolve => setImmediate(resolve))
  }
  const { timeline, log, lastEvents, broken } = world
  return {
    plan,
    broken,
    log,
    lastEvents,
    digest: world.digest(),
    simulatedMs: timeline.now,
    events: timeline.count,
    finished
  }
}

/** From its beginning to its end. Returns how many transfers completed. */
async function happen(world: World, plan: Plan): Promise<number> {
  const contents = plan.contents.map(it => new Content(it))
  world.contents = contents
  for (const node of plan.nodes) await world.addComputer(node.capacityBytes, node.platform, node.names)
  world.internet.hasBulk = plan.bulk === true
  for (const hostile of plan.hostile ?? []) await world.addHostile(hostile)
  const watch = new Watch(world, contents)
  const actions = new Actions(world, plan, contents, watch)
  actions.begin()
  const run = async (until: number): Promise<void> => {
    while (world.broken == null && (await world.timeline.step(until))) watch.look()
  }
  /** What somebody is asked needs the world to go on until the answer is there. */
  const answer = async <T>(asked: Promise<T>): Promise<T> => {
    let isOver = false
    const over = (): void => void (isOver = true)
    asked.then(over, over)
    while (await Promise.resolve(!isOver)) {
      if (!(await world.timeline.step())) break
      watch.look()
    }
    return asked
  }
  await run(0)
  await run(plan.calmAt)
  actions.calm()
  const end = world.timeline.now + PATIENCE_MS
  while (world.broken == null && world.timeline.now < end) {
    await run(world.timeline.now + LOOK_MS)
    if (await answer(actions.isSettled())) break
  }
  const finished = await answer(actions.lookAtEnd())
  const rest = world.timeline.now + REST_MS
  while (world.audit.open > 0 && world.broken == null && world.timeline.now < rest)
    await run(world.timeline.now + LOOK_MS)
  world.audit.lookAtRest()
  watch.lookAtAll()
  if (world.broken == null) await answer(actions.end())
  return finished
}
