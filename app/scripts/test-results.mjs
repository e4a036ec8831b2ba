// What the tests came to: counted as they end, said at the end. Knows of no runner but the shape of Playwright's report.

const SLOWEST = 10
/** Reasons that are about the machine, not about what is tested. */
const LACKING = /\b(root|namespaces?|mount(s|ing)?|tmpfs)\b/

export class Results {
  passed = 0
  #script
  /** What failed beside tests: what could not be run at all. */
  #failedOtherwise = 0
  #failures = []
  #skipped = []
  #msOf = new Map()

  /** @param script how its command begins: `npm test`, `npm run test:unit` */
  constructor(script) {
    this.#script = script
  }

  get failed() {
    return this.#failures.length + this.#failedOtherwise
  }

  get failures() {
    return this.#failures
  }

  pass() {
    this.passed++
  }

  /** @param file from the root of the checkout; undefined where it is not one file's fault */
  fail(name, file) {
    this.#failures.push({ name, file })
  }

  failWithoutName(count) {
    this.#failedOtherwise += count
  }

  skip(why) {
    this.#skipped.push(why)
  }

  took(file, ms) {
    this.#msOf.set(file, (this.#msOf.get(file) ?? 0) + ms)
  }

  /** Of those skipped, the reasons that this machine is to blame for. */
  get lacking() {
    return this.#skipped.filter(why => LACKING.test(why))
  }

  /** Of a Playwright report (its JSON reporter). One that passed only at a second try has failed. */
  takeReport({ suites }) {
    for (const suite of suites) this.#takeSuite(suite)
  }

  #takeSuite({ suites = [], specs = [] }) {
    for (const spec of specs) for (const test of spec.tests) this.#takeTest(`e2e/${spec.file}`, spec.title, test)
    for (const suite of suites) this.#takeSuite(suite)
  }

  #takeTest(file, title, { status, projectName, annotations, results }) {
    this.took(`${file} (${projectName})`, results.reduce((sum, { duration }) => sum + duration, 0)) // prettier-ignore
    if (status === 'expected') this.pass()
    else if (status === 'skipped')
      this.skip(annotations.find(({ type }) => type === 'skip')?.description ?? 'without a reason')
    else this.fail(`${title} (${projectName})`, file)
  }

  /** Everything but the last line: what is slow, what was skipped, what failed and how to run just that again. */
  lines() {
    const slowest = [...this.#msOf]
      .filter(([, ms]) => ms > 0)
      .sort(([, a], [, b]) => b - a)
      .slice(0, SLOWEST)
    const why = new Set(this.lacking)
    return [
      ...(slowest.length > 1 ? ['Slowest files:'] : []),
      ...(slowest.length > 1 ? slowest.map(([file, ms]) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${file}`) : []),
      ...(this.#skipped.length > 0 ? [`${this.#skipped.length} skipped`] : []),
      ...[...why].map(one => `${this.lacking.filter(it => it === one).length} of them: ${one}`),
      ...(this.#failures.length > 0 ? ['Failed:'] : []),
      ...this.#failures.flatMap(({ name, file }) =>
        file == null ? [`  ${name}`] : [`  ${name}`, `    ${this.#script} -- ${file}`]
      )
    ]
  }
}

/** Said before a stage. How long it usually takes is known of the whole of it only. */
export function announce({ what, usually }, count, isWhole) {
  const files = `${what}: ${count} ${count === 1 ? 'file' : 'files'}`
  return isWhole ? `${files}, usually ${usually}` : files
}
