// What goes to stdout and stderr: JSON lines for programs, or people's text with a progress bar when somebody is there to see it. A reader that goes away
// (`shoal ls | head -1`) is no fault: what it does not read is not written. Strangers choose names, and errors and paths hold them: all text is made harmless
// for a terminal here, and nowhere else.
import type { Clock } from '../../core/clock.ts'
import { RateMeter, TimeLeft } from '../../core/rate-meter.ts'
import { formatBytes, formatRate, formatSeconds, plain, plainJson } from './format.ts'
import type { ProgressLine } from './json-lines.ts'

const HEARTBEAT_MS = 400 // 2 to 10 progress lines a second (PRODUCT.md, "JSON lines")
const MIN_GAP_MS = 100
const BAR_CHARS = 14 // a whole line with the longest word fits 80 columns
const WORDS = { index: 'Preparing', find: 'Searching', fetch: 'Downloading', verify: 'Checking' } as const

export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export class Output {
  readonly #json: boolean
  readonly #out: Sink
  readonly #err: Sink
  readonly #clock: Clock
  #bar = ''

  constructor(json: boolean, out: Sink, err: Sink, clock: Clock) {
    this.#json = json
    this.#out = out
    this.#err = err
    this.#clock = clock
  }

  /** Whether somebody looks at stdout. */
  get isForPeople(): boolean {
    return !this.#json && this.#out.isTTY === true
  }

  /** One JSON object; nothing without --json. */
  line(object: object): void {
    if (this.#json) this.#out.write(`${plainJson(object)}\n`)
  }

  /** The result, for people: one line on stdout. */
  text(text: string): void {
    if (!this.#json) this.#write(this.#out, text)
  }

  /** What is going on, for people: one line on stderr. */
  note(text: string): void {
    if (!this.#json) this.#write(this.#err, text)
  }

  #write(sink: Sink, text: string): void {
    this.#draw('')
    sink.write(`${plain(text)}\n`)
  }

  /** Shows progress until disposed, also while none is reported. */
  progress(first: ProgressLine): Progress {
    return new Progress(first, this.#clock, line => this.#show(line))
  }

  #show({ line, rate, secondsLeft }: Shown): void {
    if (this.#json) this.line(line)
    else if (this.#err.isTTY) this.#draw(barText(line, rate, secondsLeft))
  }

  #draw(text: string): void {
    const fitting = plain(text).slice(0, Math.max(0, (this.#err.columns ?? 80) - 1))
    if (fitting === this.#bar) return
    this.#bar = fitting
    this.#err.write(`\r\u001b[K${fitting}`)
  }
}

export function barText(line: ProgressLine, rate: number, secondsLeft: number | null): string {
  const word = WORDS[line.phase]
  if (line.total == null || line.total === 0)
    return line.bytes > 0 ? `${word}  ${formatBytes(line.bytes)}` : `${word} ...`
  const part = Math.min(1, line.bytes / line.total)
  const full = Math.floor(part * BAR_CHARS)
  const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_CHARS - full)}]`
  const pieces = [word, bar, `${Math.floor(part * 100)} %`.padStart(5), `${formatBytes(line.bytes)} of ${formatBytes(line.total)}`] // prettier-ignore
  if (rate > 0) pieces.push(formatRate(rate))
  if (secondsLeft != null) pieces.push(`${formatSeconds(secondsLeft)} left`)
  return pieces.join('  ')
}

interface Shown {
  readonly line: ProgressLine
  readonly rate: number
  readonly secondsLeft: number | null
}

/** Passes progress on, 2 to 10 times a second: drops what comes too soon, repeats the last when nothing comes. */
class Progress implements Disposable {
  readonly #show: (shown: Shown) => void
  readonly #clock: Clock
  #meter = new RateMeter()
  #left = new TimeLeft()
  #last: ProgressLine
  #cancel: () => void
  #shownAt = Number.NEGATIVE_INFINITY
  #isStarted = false

  constructor(first: ProgressLine, clock: Clock, show: (shown: Shown) => void) {
    this.#last = first
    this.#clock = clock
    this.#show = show
    this.#cancel = clock.after(HEARTBEAT_MS, () => this.#beat())
  }

  report(line: ProgressLine): void {
    const now = this.#clock.now()
    if (this.#isStarted && line.phase === this.#last.phase) this.#meter.add(line.bytes - this.#last.bytes, now)
    else {
      this.#meter = new RateMeter() // what an earlier run had is no speed
      this.#left = new TimeLeft()
    }
    this.#isStarted = true
    this.#last = line
    const wait = this.#shownAt + MIN_GAP_MS - now
    if (wait <= 0) return this.#beat()
    this.#cancel()
    this.#cancel = this.#clock.after(wait, () => this.#beat())
  }

  #beat(): void {
    const now = this.#clock.now()
    this.#shownAt = now
    this.#cancel()
    this.#cancel = this.#clock.after(HEARTBEAT_MS, () => this.#beat())
    const { total, bytes } = this.#last
    const secondsLeft = total == null ? null : this.#left.estimate(total - bytes, this.#meter, now)
    this.#show({ line: this.#last, rate: this.#meter.rate(now), secondsLeft })
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
