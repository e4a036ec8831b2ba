// Things that only several steps together bring about, each with content of its own: single steps, thrown one by one, hardly ever meet like that.
import type { Dice } from '../../core/simulation/dice.ts'
import type { ContentPlan } from './content.ts'
import type { Step, Wish } from './steps.ts'

interface Scene {
  readonly content: ContentPlan
  readonly steps: readonly Step[]
}

interface Stage {
  readonly dice: Dice
  readonly nodes: number
  /** Number of the content that the scene brings. */
  readonly content: number
}

/** Scenes of a run, none in most of them; `contents` are those it has already. */
export function scenesOf(dice: Dice, nodes: number, contents: number): Scene[] {
  const kinds = [scattered, takenBack, inTheWay].filter(() => dice.chance(0.12))
  return kinds.map((scene, i) => scene({ dice: dice.fork(), nodes, content: contents + i }))
}

/** Several have a part each, and nobody has all of it any more. */
function scattered(stage: Stage): Scene {
  const { dice, nodes, content } = stage
  const files = dice.int(4, 60)
  const [source, ...others] = shuffled(dice, nodes)
  const getters = others.slice(0, dice.int(1, 4))
  const steps: Step[] = [{ at: dice.int(0, 500), node: source!, do: 'share', content }]
  const isChosen = dice.chance(0.5)
  const goneAt = 1_500 + Math.floor(dice.scale(100, 60_000))
  getters.forEach((node, i) => {
    const own = Array.from({ length: files }, (_, idx) => idx).filter(idx => idx % getters.length === i)
    if (isChosen) steps.push(get(stage, node, dice.int(1_000, 1_500), own))
    else steps.push({ at: 900, node, do: 'link', to: source!, how: 'slow', forMs: 120_000 })
    steps.push(get(stage, node, isChosen ? dice.int(goneAt - 1_000, goneAt + 20_000) : dice.int(1_000, 3_000), null))
  })
  steps.push({ at: goneAt, node: source!, do: 'unshare', content })
  return { content: folderOf(stage, files, 30_000), steps }
}

/**
 * Somebody gets it again and again and takes it back each time, while one who reaches nobody else slowly reads it from there. It is never whole before: a
 * file of it is gone at its source for as long.
 */
function takenBack(stage: Stage): Scene {
  const { dice, nodes, content } = stage
  const files = dice.int(40, 200)
  const [source, between, reader = between] = shuffled(dice, nodes)
  const gone = { node: source!, do: 'change', content, file: files - 1 } as const
  const steps: Step[] = [
    { at: 100, node: source!, do: 'share', content },
    { at: 500, node: reader!, do: 'link', to: source!, how: 'down', forMs: 600_000 },
    { at: 900, node: reader!, do: 'link', to: between!, how: 'slow', forMs: 600_000 },
    { ...gone, at: 1_000, how: 'delete' },
    get(stage, reader!, 1_500, null)
  ]
  let at = 2_000
  for (let turns = dice.int(2, 12); turns > 0; turns--) {
    steps.push(get(stage, between!, at, null))
    at += Math.floor(dice.scale(2_000, 20_000))
    steps.push({ at, node: between!, do: dice.chance(0.8) ? 'cancel' : 'pause', content })
    at += Math.floor(dice.scale(50, 5_000))
  }
  return { content: folderOf(stage, files, 40_000), steps: [...steps, { ...gone, at, how: 'restore' }] }
}

/** What is got is to stand where its user has something. */
function inTheWay(stage: Stage): Scene {
  const { dice, nodes, content } = stage
  const [source, getter] = shuffled(dice, nodes)
  const at = dice.int(1_500, 4_000)
  const steps: Step[] = [{ at: 100, node: source!, do: 'share', content }, get(stage, getter!, at, null)]
  const kinds = ['other', 'copy', 'inside'] as const
  for (let i = dice.int(1, 3); i > 0; i--)
    steps.push({
      at: Math.max(500, at + dice.int(-1_000, 4_000)),
      node: getter!,
      do: 'place',
      content,
      what: dice.pick(kinds)
    })
  if (dice.chance(0.4)) steps.push({ at: at + dice.int(10, 5_000), node: getter!, do: 'cancel', content })
  if (dice.chance(0.4)) steps.push(get(stage, getter!, at + dice.int(10, 20_000), null))
  return { content: dice.chance(0.5) ? folderOf(stage, dice.int(1, 20), 60_000) : fileOf(stage), steps }
}

function get({ dice, content }: Stage, node: number, at: number, selection: readonly number[] | null): Wish {
  return { at, node, do: 'get', content, selection, first: dice.chance(0.2), hints: true, giveUpAfterMs: null }
}

function folderOf({ dice, content }: Stage, files: number, mostBytes: number): ContentPlan {
  return {
    name: `c${content}`,
    files: Array.from({ length: files }, (_, i) => ({
      path: dice.chance(0.5) ? `f${i}.dat` : `d${i % 3}/f${i}.dat`,
      sizeBytes: Math.floor(dice.scale(mostBytes / 50, mostBytes))
    })),
    seed: dice.int(1, 1_000_000)
  }
}

const fileOf = ({ dice, content }: Stage): ContentPlan => ({
  name: `c${content}.bin`,
  files: [{ path: '', sizeBytes: Math.floor(dice.scale(1, 3_000_000)) }],
  seed: dice.int(1, 1_000_000)
})

function shuffled(dice: Dice, nodes: number): number[] {
  const order = Array.from({ length: nodes }, (_, i) => i)
  for (let i = nodes - 1; i > 0; i--) {
    const j = dice.int(0, i)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
