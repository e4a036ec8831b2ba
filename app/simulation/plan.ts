// What is to happen in one simulated run, decided beforehand from its seed: plain data, so that a run that failed can be made smaller and kept.
import { Dice } from '../../core/simulation/dice.ts'
import type { NameRules } from '../../core/simulation/disk.ts'
import type { ContentPlan } from './content.ts'
import { type HostilePlan, hostileOf } from './hostile/plan.ts'
import { scenesOf } from './scenes.ts'
import { isWish, type Step, type Wish } from './steps.ts'

export interface Plan {
  readonly seed: number
  readonly nodes: readonly {
    readonly capacityBytes: number
    readonly platform: NodeJS.Platform
    readonly names?: NameRules
  }[]
  readonly contents: readonly ContentPlan[]
  /** Peers that mean no good; missing: none. */
  readonly hostile?: readonly HostilePlan[]
  /** Peers on one local network have bulk links, which break now and then; missing: they have none. */
  readonly bulk?: boolean
  readonly steps: readonly Step[]
  /** When faults stop: events that would come later do not happen. */
  readonly calmAt: number
}

type Size = 'small' | 'middle' | 'large' | 'many'
const SIZES: Readonly<
  Record<Size, { nodes: number; contents: number; gets: number; steps: number; fileBytes: number; files: number }>
> = {
  small: { nodes: 3, contents: 3, gets: 5, steps: 14, fileBytes: 5_000_000, files: 20 },
  middle: { nodes: 6, contents: 8, gets: 20, steps: 40, fileBytes: 4_000_000, files: 150 },
  many: { nodes: 4, contents: 90, gets: 120, steps: 20, fileBytes: 2_000, files: 3 },
  large: { nodes: 12, contents: 16, gets: 60, steps: 80, fileBytes: 3_000_000, files: 1_500 }
}

/** What a run may see at all: most see only some of it, so that one thing does not hide another. */
interface Weather {
  readonly crashes: boolean
  readonly faults: boolean
  readonly links: boolean
  readonly people: boolean
  readonly changes: boolean
  readonly fills: boolean
  /** Virus scanners that hold what was just written. */
  readonly scanners: boolean
  /** Sources that cannot be read for a moment. */
  readonly hiccups: boolean
  /** People who begin, and stop it while others already read it from them. */
  readonly fickle: boolean
}

export function planOf(seed: number): Plan {
  const dice = new Dice(seed ^ 0x5eed)
  const size = dice.weighted<Size>({ small: 66, middle: 24, large: 4, many: 6 })
  const most = SIZES[size]
  const nodes = Array.from({ length: dice.int(2, most.nodes) }, () => ({
    capacityBytes: 400_000_000,
    platform: dice.pick<NodeJS.Platform>(['linux', 'linux', 'win32'])
  }))
  const contents = Array.from({ length: dice.int(1, most.contents) }, (_, i) => contentOf(dice, i, most))
  const calmAt = dice.scale(5_000, 900_000)
  const weather: Weather = {
    crashes: dice.chance(0.5),
    faults: dice.chance(0.5),
    links: dice.chance(0.5),
    people: dice.chance(0.7),
    changes: dice.chance(0.3),
    fills: dice.chance(0.3),
    scanners: dice.chance(0.25),
    hiccups: dice.chance(0.25),
    fickle: dice.chance(0.25)
  }
  const steps: Step[] = []
  contents.forEach((_, content) => {
    const sharers = dice.chance(0.7) ? 1 : dice.int(1, nodes.length)
    for (let i = 0; i < sharers; i++)
      steps.push({ at: dice.int(0, 2_000), node: dice.int(0, nodes.length - 1), do: 'share', content })
  })
  const gets = dice.int(1, most.gets)
  for (let i = 0; i < gets; i++) {
    const at = dice.chance(0.6) ? dice.int(1_000, 5_000) : dice.int(1_000, calmAt)
    const get = getOf(dice, at, nodes.length, contents)
    steps.push(size === 'many' ? { ...get, node: 0, content: i % contents.length, selection: null } : get)
  }
  for (const get of steps.filter(step => step.do === 'get')) {
    const shares = steps.filter(step => step.do === 'share' && step.content === get.content)
    steps.push(...aroundOf(dice, get, dice.pick(shares).node, nodes, weather))
  }
  const others = dice.int(0, most.steps)
  for (let i = 0; i < others; i++) {
    const step = otherOf(dice, dice.int(1_000, calmAt), nodes.length, contents, weather)
    if (step != null) steps.push(...(dice.chance(0.6) ? nearOf(dice, step, steps) : step))
  }
  const strangers = dice.fork()
  const hostile = strangers.chance(0.35) ? hostileOf(strangers, contents.length, calmAt) : []
  const lateMs = hostile.length > 0 && strangers.chance(0.5) ? strangers.int(3_000, 40_000) : 0 // they are met first
  const scenes = scenesOf(dice.fork(), nodes.length, contents.length)
  contents.push(...scenes.map(it => it.content))
  steps.push(...scenes.flatMap(it => it.steps))
  const late = steps.map(step => (step.do === 'share' ? { ...step, at: step.at + lateMs } : step))
  const links = new Dice(seed ^ 0xb01c) // of their own: what else happens is what it was
  const bulk = links.chance(0.5)
  if (bulk) late.push(...bigOf(links, contents, nodes.length, calmAt))
  const endAt = Math.max(calmAt, ...scenes.flatMap(it => it.steps.map(({ at }) => at + 1_000)))
  return { seed, nodes, contents, hostile, bulk, steps: late.sort((a, b) => a.at - b.at), calmAt: endAt }
}

function contentOf(dice: Dice, i: number, most: { fileBytes: number; files: number }): ContentPlan {
  const seed = dice.int(1, 1_000_000)
  const size = (): number => (dice.chance(0.1) ? 0 : Math.floor(dice.scale(1, most.fileBytes)))
  if (dice.chance(0.5)) return { name: `c${i}.bin`, files: [{ path: '', sizeBytes: size() }], seed }
  const small = (): number => Math.floor(dice.scale(1, dice.chance(0.9) ? 40_000 : 2_000_000))
  const count = Math.floor(dice.scale(1, most.files))
  const files = Array.from({ length: count }, (_, n) => ({
    path: dice.chance(0.5) ? `f${n}.dat` : `d${n % 3}/f${n}.dat`,
    sizeBytes: dice.chance(0.05) ? 0 : small()
  }))
  return { name: `c${i}`, files, seed }
}

/** Something big enough for a bulk link, and who wants it; added to `contents`. */
function bigOf(dice: Dice, contents: ContentPlan[], nodes: number, calmAt: number): Step[] {
  const content = contents.length
  const sizeBytes = Math.floor(dice.scale(2_000_000, 16_000_000))
  contents.push({ name: 'big.bin', files: [{ path: '', sizeBytes }], seed: dice.int(1, 1_000_000) })
  const source = dice.int(0, nodes - 1)
  const steps: Step[] = [{ at: dice.int(0, 2_000), node: source, do: 'share', content }]
  for (let node = 0; node < nodes && steps.length < 8; node++) {
    if (node === source || !dice.chance(0.7)) continue
    const at = dice.int(2_000, 6_000)
    steps.push({ at, node, do: 'get', content, selection: null, first: true, hints: true, giveUpAfterMs: null })
    if (dice.chance(0.4)) {
      const paused = at + Math.floor(dice.scale(10, 5_000))
      steps.push({ at: paused, node, do: dice.pick(['pause', 'cancel']), content })
      steps.push({ at: paused + dice.int(1, 5_000), node, do: 'resume', content })
    }
    if (dice.chance(0.3)) {
      const forMs = dice.int(10, 20_000)
      const how = dice.pick(['down', 'silent', 'slow'] as const)
      steps.push({ at: at + Math.floor(dice.scale(10, 5_000)), node: source, do: 'link', to: node, how, forMs })
    }
  }
  return steps.filter(({ at }) => at < calmAt || at <= 2_000)
}

function getOf(dice: Dice, at: number, nodes: number, contents: readonly ContentPlan[]): Wish & { do: 'get' } {
  const content = dice.int(0, contents.length - 1)
  const files = contents[content]!.files.length
  const isSome = contents[content]!.name.endsWith('.bin') ? false : dice.chance(0.3)
  const selection = isSome ? Array.from({ length: files }, (_, i) => i).filter(() => dice.chance(0.4)) : null
  return {
    at,
    node: dice.int(0, nodes - 1),
    do: 'get',
    content,
    selection: selection?.length === 0 ? [0] : selection,
    first: dice.chance(0.2),
    hints: dice.chance(0.7),
    giveUpAfterMs: dice.chance(0.1) ? dice.int(1_000, 120_000) : null
  }
}

const READS = ['open', 'read']
const WRITES = ['open', 'write', 'fsync', 'ftruncate', 'mkdir']
const NAMES = ['rename', 'link', 'unlink', 'rmdir']

/** What comes with one download. */
function aroundOf(
  dice: Dice,
  get: Wish & { do: 'get' },
  source: number,
  nodes: Plan['nodes'],
  weather: Weather
): Step[] {
  const { at, node, content } = get
  const steps: Step[] = []
  const soon = (): number => at + Math.floor(dice.scale(10, 5_000))
  if (weather.scanners && nodes[node]?.platform === 'win32' && dice.chance(0.5)) {
    const fault = { calls: NAMES, code: dice.pick(['EBUSY', 'EPERM', 'EACCES']), chance: 1 }
    steps.push({ at: soon(), node, do: 'fail', fault, forMs: Math.floor(dice.scale(200, 4_500)) })
  }
  if (weather.hiccups && dice.chance(0.5)) {
    const fault = { calls: [dice.pick(READS)], code: dice.pick(['EIO', 'EMFILE']), chance: dice.scale(0.1, 1) }
    steps.push({ at: at + dice.int(0, 500), node: source, do: 'fail', fault, forMs: dice.int(50, 3_000) })
  }
  if (weather.fickle && dice.chance(0.5)) {
    steps.push({ ...get, at: soon(), node: dice.int(0, nodes.length - 1) })
    steps.push({ at: at + Math.floor(dice.scale(100, 20_000)), node, do: dice.pick(['cancel', 'pause']), content })
  }
  return steps
}

/** The same about a download that was begun shortly before: what comes in the middle of something finds more. */
function nearOf(dice: Dice, others: readonly Step[], steps: readonly Step[]): readonly Step[] {
  const gets = steps.filter(step => step.do === 'get')
  const [first] = others
  if (gets.length === 0 || first == null) return others
  const get = dice.pick(gets)
  const by = get.at + Math.floor(dice.scale(10, 20_000)) - first.at
  const content = isWish(first) && first.do !== 'limit' && first.do !== 'get' ? { content: get.content } : {}
  return others.map(step => ({ ...step, ...content, node: get.node, at: step.at + by }))
}

function otherOf(
  dice: Dice,
  at: number,
  nodes: number,
  contents: readonly ContentPlan[],
  weather: Weather
): Step[] | undefined {
  const node = dice.int(0, nodes - 1)
  const content = dice.int(0, contents.length - 1)
  const kind = dice.weighted({
    person: weather.people ? 30 : 0,
    crash: weather.crashes ? 15 : 0,
    fault: weather.faults ? 15 : 0,
    link: weather.links ? 15 : 0,
    change: weather.changes ? 15 : 0,
    fill: weather.fills ? 10 : 0,
    nothing: 1
  })
  switch (kind) {
    case 'person': {
      const act = dice.weighted({
        pause: 6,
        resume: 6,
        cancel: 5,
        retry: 2,
        remove: 2,
        startNow: 2,
        quit: 2,
        unshare: 2,
        limit: 1,
        get: 4
      })
      if (act === 'get') return [getOf(dice, at, nodes, contents)]
      if (act === 'limit') return [{ at, node, do: 'limit', active: dice.int(1, 6) }]
      if (act === 'quit')
        return [
          { at, node, do: 'quit' },
          { at: at + dice.int(10, 60_000), node, do: 'start' }
        ]
      return [{ at, node, do: act, content }]
    }
    case 'crash': {
      const start: Step = { at: at + dice.int(10, 60_000), node, do: 'start' }
      if (dice.chance(0.4)) return [{ at, node, do: dice.pick(['kill', 'cut']) }, start]
      return [{ at, node, do: 'crash', calls: Math.floor(dice.scale(1, 300)), isCut: dice.chance(0.7) }, start]
    }
    case 'fault':
      return [faultOf(dice, at, node)]
    case 'link': {
      const how = dice.pick(['down', 'silent', 'slow'] as const)
      return [{ at, node, do: 'link', to: dice.int(0, nodes - 1), how, forMs: Math.floor(dice.scale(100, 120_000)) }]
    }
    case 'change': {
      const how = dice.pick(['write', 'touch', 'delete', 'restore'] as const)
      const file = dice.int(0, contents[content]!.files.length - 1)
      return [{ at, node, do: 'change', content, file, how }]
    }
    case 'fill':
      return [
        { at, node, do: 'fill', leaveBytes: Math.floor(dice.scale(1, 4_000_000)) },
        { at: at + dice.int(100, 60_000), node, do: 'free', leaveBytes: 0 }
      ]
    case 'nothing':
      return undefined
    default:
      return kind satisfies never
  }
}

function faultOf(dice: Dice, at: number, node: number): Step {
  const forMs = Math.floor(dice.scale(10, 60_000))
  if (dice.chance(0.3)) {
    const call = dice.pick(['fsync', 'write', 'open', 'thread', 'lstat'])
    return { at, node, do: 'slow', call, ms: Math.floor(dice.scale(1, 5_000)), forMs }
  }
  const [calls, codes] = dice.pick([
    [READS, ['EIO', 'EMFILE', 'EACCES']],
    [WRITES, ['EIO', 'ENOSPC', 'EMFILE', 'EDQUOT']],
    [NAMES, ['EBUSY', 'EPERM', 'EIO']]
  ] as const)
  const fault = { calls: [dice.pick(calls)], code: dice.pick(codes), chance: dice.scale(0.02, 1) }
  return { at, node, do: 'fail', fault, forMs }
}
