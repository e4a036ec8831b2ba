// What is there already, from beginning to end: each cell a stretch of the content, darker when more of it has arrived.
import { useEffect, useRef } from 'react'
import { useUi } from '../ui.ts'

const CELL = 8
const GAP = 1

export function BlockMap({ cells }: { cells: readonly number[] }) {
  const { say, formats } = useUi()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (element == null || context == null) return
    const draw = (): void => {
      const width = element.clientWidth
      const columns = Math.max(1, Math.floor((width + GAP) / (CELL + GAP)))
      const lines = Math.ceil(cells.length / columns)
      const scale = devicePixelRatio
      element.width = width * scale
      element.height = lines * (CELL + GAP) * scale
      context.scale(scale, scale)
      const style = getComputedStyle(element)
      cells.forEach((have, at) => {
        const x = (at % columns) * (CELL + GAP)
        const y = Math.floor(at / columns) * (CELL + GAP)
        context.globalAlpha = 1
        context.fillStyle = style.getPropertyValue('--track')
        context.fillRect(x, y, CELL, CELL)
        context.globalAlpha = have / 255
        context.fillStyle = style.getPropertyValue('--accent-fill')
        context.fillRect(x, y, CELL, CELL)
      })
    }
    draw()
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    return () => observer.disconnect()
  }, [cells])
  const part = cells.reduce((sum, have) => sum + have, 0) / (255 * Math.max(1, cells.length))
  return (
    <canvas
      ref={canvas}
      className="block-map"
      role="img"
      aria-label={say('details.map.label', { part: formats.percent(part) })}
    />
  )
}
