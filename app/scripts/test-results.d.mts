export interface Failure {
  readonly name: string
  readonly file: string | undefined
}
export class Results {
  constructor(script: string)
  readonly passed: number
  readonly failed: number
  readonly failures: readonly Failure[]
  readonly lacking: readonly string[]
  pass(): void
  fail(name: string, file?: string): void
  failWithoutName(count: number): void
  skip(why: string): void
  took(file: string, ms: number): void
  takeReport(report: { readonly suites: readonly unknown[] }): void
  lines(): string[]
}
export function announce(stage: { what: string; usually: string }, count: number, isWhole: boolean): string
