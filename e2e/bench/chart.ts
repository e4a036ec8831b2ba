// Lines over a logarithmic x axis, as SVG: one panel beside the other.

export interface Series {
  readonly name: string
  /** In the order of x; both above 0. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Panel {
  readonly title: string
  readonly series: readonly Series[]
  /** A logarithmic y axis; else one from 0. */
  readonly isLog: boolean
}

export interface Chart {
  readonly title: string
  readonly xTitle: string
  readonly xText: (x: number) => string
  readonly panels: readonly Panel[]
}

const PANEL = { width: 420, height: 340 }
const PLOT = { left: 64, right: 24, top: 66, bottom: 52 }
const TITLE_HEIGHT = 40
const COLORS = ['#1f6feb', '#d1570c', '#2d8a4e']
const LINEAR_TICKS = 5

export interface Drawn {
  readonly svg: string
  readonly width: number
  readonly height: number
}

export function drawChart(chart: Chart): Drawn {
  const [width, height] = [chart.panels.length * PANEL.width, TITLE_HEIGHT + PANEL.height]
  const panels = chart.panels.map(
    (panel, at) => `<g transform="translate(${at * PANEL.width} ${TITLE_HEIGHT})">${drawPanel(panel, chart)}</g>`
  )
  const style = 'font-family="sans-serif" font-size="12" fill="#333"'
  const title = text(16, 26, chart.title, 'font-size="16" font-weight="bold"')
  const paper = `<rect width="${width}" height="${height}" fill="#fff"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${style}>${paper}${title}${panels.join('')}</svg>`
  return { svg, width, height }
}

/** From a value to a place between two. */
export interface Scale {
  readonly ticks: readonly number[]
  at(value: number): number
}

/** Whole powers of ten around all values. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))]
  const span = Math.max(1, high - low)
  return {
    ticks: Array.from({ length: span + 1 }, (_, i) => 10 ** (low + i)),
    at: value => from + ((Math.log10(value) - low) / span) * (to - from)
  }
}

/** From 0 to a round number over all values. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const most = Math.max(...values)
  const unit = 10 ** Math.floor(Math.log10(most / LINEAR_TICKS))
  const step = unit * ([1, 2, 5, 10].find(it => it * unit * LINEAR_TICKS >= most) ?? 10)
  return {
    ticks: Array.from({ length: LINEAR_TICKS + 1 }, (_, i) => i * step),
    at: value => from + (value / (step * LINEAR_TICKS)) * (to - from)
  }
}

function drawPanel({ title, series, isLog }: Panel, { xTitle, xText }: Chart): string {
  const [left, right] = [PLOT.left, PANEL.width - PLOT.right]
  const [top, bottom] = [PLOT.top, PANEL.height - PLOT.bottom]
  const points = series.flatMap(it => it.points)
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b)
  const [first, last] = [Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 1)]
  const xAt = (x: number): number => left + ((Math.log(x) - first) / Math.max(1e-9, last - first)) * (right - left)
  const y = (isLog ? logScale : linearScale)(
    points.map(([, value]) => value),
    bottom,
    top
  )
  const grid = y.ticks.map(tick => {
    const label = text(left - 8, y.at(tick) + 4, String(Number(tick.toPrecision(6))), 'text-anchor="end"')
    return `<line x1="${left}" x2="${right}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#ddd"/>${label}`
  })
  const xLabels = xs.map(x => text(xAt(x), bottom + 18, xText(x), 'text-anchor="middle"'))
  const lines = series.map((it, at) => drawSeries(it, at, left, xAt, y))
  const heading = text(left, 16, title, 'font-size="14"')
  const below = text((left + right) / 2, bottom + 38, xTitle, 'text-anchor="middle"')
  return [heading, ...grid, ...xLabels, below, ...lines].join('')
}

function drawSeries({ name, points }: Series, at: number, left: number, xAt: (x: number) => number, y: Scale): string {
  const color = COLORS[at % COLORS.length]
  const places = points.map(([x, value]) => [xAt(x).toFixed(1), y.at(value).toFixed(1)] as const)
  const line = `<polyline fill="none" stroke="${color}" stroke-width="2" points="${places.map(it => it.join()).join(' ')}"/>`
  const dots = places.map(([x, top]) => `<circle cx="${x}" cy="${top}" r="3" fill="${color}"/>`)
  const legend = text(left + at * 120, 40, `● ${name}`, `fill="${color}"`)
  return `${line}${dots.join('')}${legend}`
}

function text(x: number, y: number, content: string, more: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" ${more}>${escaped}</text>`
}
