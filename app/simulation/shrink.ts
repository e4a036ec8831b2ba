// Makes a plan that breaks something smaller, for as long as the same still breaks: fewer nodes, fewer who mean no good, fewer steps, less content.
import type { Plan } from './plan.ts'

export interface Shrinking {
  /** What a plan breaks; undefined: nothing. */
  readonly breaks: (plan: Plan) => Promise<string | undefined>
  /** False: what was reached is enough. */
  readonly goesOn: () => boolean
}

/** The kind of what is broken: without names and numbers. */
export const kindOf = (message: string): string =>
  message.replace(/\bn\d+(\.\d+)?\b|\bc\d+(\.bin)?\b|\d+|\{.*\}|'[^']*'/g, '#')

export async function shrink(plan: Plan, broken: string, { breaks, goesOn }: Shrinking): Promise<Plan> {
  let smallest = plan
  const holds = async (candidate: Plan): Promise<boolean> => {
    if (!goesOn()) return false
    const found = await breaks(candidate)
    if (found == null || kindOf(found) !== kindOf(broken)) return false
    smallest = candidate
    return true
  }
  const withoutSteps = async (size: number): Promise<void> => {
    for (let at = 0; at < smallest.steps.length;) {
      const steps = smallest.steps.toSpliced(at, size)
      if (!(await holds({ ...smallest, steps }))) at += size
    }
  }
  for (let before: Plan | undefined; before !== smallest && goesOn();) {
    before = smallest
    for (let node = plan.nodes.length - 1; node >= 0; node--) {
      const steps = smallest.steps.filter(step => step.node !== node)
      if (steps.length < smallest.steps.length) await holds({ ...smallest, steps })
    }
    if (smallest.bulk === true) await holds({ ...smallest, bulk: false })
    for (const hostile of smallest.hostile ?? [])
      await holds({ ...smallest, hostile: (smallest.hostile ?? []).filter(it => it !== hostile) })
    for (let size = Math.ceil(smallest.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      await withoutSteps(size)
    while (smallest.nodes.length > 1 && (await holds({ ...smallest, nodes: smallest.nodes.slice(0, -1) })));
    const last = Math.max(0, ...smallest.steps.map(step => step.at))
    if (last + 1_000 < smallest.calmAt) await holds({ ...smallest, calmAt: last + 1_000 })
    for (let i = 0; i < smallest.contents.length; i++) await shrinkContent(smallest, i, holds)
  }
  return smallest
}

/** Fewer files; those of a content that nobody needs any more become one of a byte. */
async function shrinkContent(plan: Plan, i: number, holds: (plan: Plan) => Promise<boolean>): Promise<void> {
  const content = plan.contents[i]!
  for (let count = 1; count < content.files.length; count *= 2) {
    const contents = plan.contents.with(i, { ...content, files: content.files.slice(0, count) })
    if (await holds({ ...plan, contents })) return
  }
}
