// Every row, by its name.

import { LINE_ROWS } from './line-rows.ts'
import { NODE_ROWS } from './node-rows.ts'
import type { RowKind } from './row.ts'
import { SMALL_ROWS } from './small-rows.ts'
import { TRANSFER_ROWS } from './transfer-rows.ts'
import { WINDOW_ROWS } from './window.ts'

export const ROWS: Readonly<Record<string, RowKind>> = {
  ...TRANSFER_ROWS,
  ...SMALL_ROWS,
  ...NODE_ROWS,
  ...LINE_ROWS,
  ...WINDOW_ROWS
}
