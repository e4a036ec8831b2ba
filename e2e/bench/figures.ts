// What a row measures and whether it is enough: a value a run, its median over the runs against a goal, and the table that says so.

export interface Goal {
  readonly atLeast?: number
  readonly atMost?: number
}

/** One value of one run. */
export interface Figure {
  /** What it is, with its unit. Names the figure within its row, so it is the same in every run. */
  readonly what: string
  /** Not a number where it cannot be measured here. */
  readonly value: number
  /** Without one it is only told. */
  readonly goal: Goal | undefined
}

export interface Outcome {
  readonly what: string
  readonly goal: Goal | undefined
  readonly values: readonly number[]
}

export interface Result {
  readonly row: string
  readonly title: string
  readonly outcomes: readonly Outcome[]
}

export type Verdict = 'pass' | 'short' | 'told' | 'not measured'

export const atLeast = (what: string, least: number, value: number): Figure => ({
  what,
  value,
  goal: { atLeast: least }
})
export const atMost = (what: string, most: number, value: number): Figure => ({ what, value, goal: { atMost: most } })
export const told = (what: string, value: number): Figure => ({ what, value, goal: undefined })

/** Not a number when there are none, or one of them is not. */
export function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Of the runs of one row: each figure with its values, in the order of its first run. */
export function gather(runs: readonly (readonly Figure[])[]): Outcome[] {
  const first = runs[0] ?? []
  return first.map(({ what, goal }) => ({
    what,
    goal,
    values: runs.map(run => run.find(it => it.what === what)?.value ?? Number.NaN)
  }))
}

export function verdict({ goal, values }: Outcome): Verdict {
  const value = median(values)
  if (Number.isNaN(value)) return 'not measured'
  if (goal == null) return 'told'
  return value >= (goal.atLeast ?? -Infinity) && value <= (goal.atMost ?? Infinity) ? 'pass' : 'short'
}

/** A table of Markdown, to be read as it is. */
export function formatResults(results: readonly Result[]): string {
  const rows = [['row', 'figure', 'goal', 'median', 'spread', ''], ...results.flatMap(formatResult)]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(row => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`)
  return lines.join('\n')
}

function formatResult({ row, title, outcomes }: Result): string[][] {
  return outcomes.map((outcome, at) => [
    at === 0 ? `${row}: ${title}` : '',
    outcome.what,
    formatGoal(outcome.goal),
    formatValue(median(outcome.values)),
    `${formatValue(Math.min(...outcome.values))} to ${formatValue(Math.max(...outcome.values))}`,
    verdict(outcome) === 'told' ? '' : verdict(outcome)
  ])
}

function formatGoal(goal: Goal | undefined): string {
  if (goal?.atLeast != null) return `≥ ${goal.atLeast}`
  return goal?.atMost == null ? '' : `≤ ${goal.atMost}`
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return '-'
  return value.toFixed(value < 10 && !Number.isInteger(value) ? 2 : value < 100 && !Number.isInteger(value) ? 1 : 0)
}
