// The rate over the last minutes.
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { followColours } from '../preferences.ts'
import { useUi } from '../ui.ts'

const HEIGHT = 120
const MEGA = 1_000_000

export function RateGraph({ rates }: { rates: readonly number[] }) {
  const { t, formats } = useUi()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(rates)
  latest.current = rates
  useEffect(() => {
    const element = place.current
    if (element == null) return
    // a task of its own: making it is the longest piece of work of the details
    const timer = setTimeout(() => {
      plot.current = plotIn(element, latest.current)
    })
    const repaint = (): void => {
      plot.current?.destroy()
      plot.current = plotIn(element, latest.current)
    }
    const unfollow = followColours(repaint)
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      clearTimeout(timer)
      unfollow()
      observer.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [])
  const text = rates.join() // they come anew with every update, and change once a second
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [text])
  const last = rates.at(-1) ?? 0
  return (
    <div>
      <div
        ref={place}
        className="rate-graph"
        role="img"
        aria-label={t('details.rate.label', { rate: formats.rate(last) })}
      />
      <p className="hint">{t('details.rate.unit')}</p>
    </div>
  )
}

function plotIn(element: HTMLElement, rates: readonly number[]): uPlot {
  const style = getComputedStyle(element)
  const line = style.getPropertyValue('--accent-fill')
  const quiet = style.getPropertyValue('--text-quiet')
  const axis = { stroke: quiet, grid: { stroke: style.getPropertyValue('--line'), width: 1 }, ticks: { show: false } }
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_, _min, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, show: false },
        { ...axis, size: 44, space: 36, values: (_, ticks) => ticks.map(tick => String(tick)) }
      ],
      series: [{}, { stroke: line, width: 2, fill: `${line}22`, points: { show: false } }]
    },
    dataOf(rates),
    element
  )
}

const dataOf = (rates: readonly number[]): [number[], number[]] => [
  rates.map((_, at) => at),
  rates.map(rate => rate / MEGA)
]
