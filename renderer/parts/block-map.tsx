// What is there already, from beginning to end: each cell a stretch of the content, darker when more of it has arrived.
import { useEffect, useRef } from 'react'
import { FULL_CELL } from '../../app/contract/limits.ts'
import { followColours } from '../preferences.ts'
import { useUi } from '../ui.ts'

const CELL = 8
const GAP = 1
const STEP = CELL + GAP

export function BlockMap({ cells }: { cells: readonly number[] }) {
  const { t, formats } = useUi()
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<Painter>(null)
  useEffect(() => {
    const element = canvas.current
    if (element == null) return
    const made = (painter.current = new Painter(element))
    const observer = new ResizeObserver(() => made.repaint())
    observer.observe(element)
    const unfollow = followColours(() => made.repaint())
    return () => {
      observer.disconnect()
      unfollow()
    }
  }, [])
  useEffect(() => painter.current?.show(cells), [cells])
  const part = cells.reduce((sum, have) => sum + have, 0) / (FULL_CELL * Math.max(1, cells.length))
  return (
    <canvas
      ref={canvas}
      className="block-map"
      role="img"
      aria-label={t('details.map.label', { part: formats.percent(part) })}
    />
  )
}

/** Several updates a second while bytes come in: only the cells that are others now are painted. */
class Painter {
  readonly #canvas: HTMLCanvasElement
  #cells: readonly number[] = []
  #painted: readonly number[] = []
  #columns = 1

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas
  }

  show(cells: readonly number[]): void {
    const isAsMany = cells.length === this.#cells.length
    this.#cells = cells
    if (isAsMany) this.#paint()
    else this.repaint()
  }

  /** From nothing: another width, another number of cells. */
  repaint(): void {
    const width = this.#canvas.clientWidth
    this.#columns = Math.max(1, Math.floor((width + GAP) / STEP))
    this.#canvas.width = width * devicePixelRatio // which also empties it
    this.#canvas.height = Math.ceil(this.#cells.length / this.#columns) * STEP * devicePixelRatio
    this.#painted = []
    this.#paint()
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d')
    if (context == null) return
    const style = getComputedStyle(this.#canvas)
    const [track, fill] = ['--track', '--accent-fill'].map(name => style.getPropertyValue(name))
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    this.#cells.forEach((have, at) => {
      if (this.#painted[at] === have) return
      const x = (at % this.#columns) * STEP
      const y = Math.floor(at / this.#columns) * STEP
      context.clearRect(x, y, CELL, CELL)
      for (const [colour, alpha] of [
        [track, 1],
        [fill, have / FULL_CELL]
      ] as const) {
        context.globalAlpha = alpha
        context.fillStyle = colour ?? ''
        context.fillRect(x, y, CELL, CELL)
      }
    })
    this.#painted = this.#cells
  }
}
