// `screen`: one display, always the same.

import { strictEmitter } from './strict.ts'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
export const WORK_AREA: Rectangle = { x: 0, y: 0, width: 1600, height: 1000 }
const DISPLAY = {
  id: 1,
  label: 'stand-in',
  bounds: WORK_AREA,
  size: { width: WORK_AREA.width, height: WORK_AREA.height },
  workArea: WORK_AREA,
  workAreaSize: { width: WORK_AREA.width, height: WORK_AREA.height },
  scaleFactor: 1,
  rotation: 0,
  internal: false
}

class Screen extends strictEmitter('screen', ['display-added', 'display-removed', 'display-metrics-changed']) {
  getPrimaryDisplay(): typeof DISPLAY {
    return DISPLAY
  }
  getAllDisplays(): (typeof DISPLAY)[] {
    return [DISPLAY]
  }
  getDisplayMatching(_rectangle: Rectangle): typeof DISPLAY {
    return DISPLAY
  }
  getDisplayNearestPoint(_point: object): typeof DISPLAY {
    return DISPLAY
  }
}
export const screen = new Screen()
