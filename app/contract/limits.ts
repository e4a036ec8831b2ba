// What the contract lets a client say, as numbers. The page imports them as values (e2e/layers.test.ts), so this imports nothing.

/** Twice what a link may have (PRODUCT.md, "The link"): its parser says what is wrong with one, this only keeps novels out. */
export const MAX_LINK_CHARS = 8192
export const MAX_DEVICE_NAME_CHARS = 64
/** Rows of one page of a list of files. */
export const MAX_PAGE_ROWS = 1000

/** Files, folders and symlinks that are downloaded without asking: more take memory and minutes. */
export const MANY_FILES = 200_000

/** From and to, both allowed. */
export type Bounds = readonly [least: number, most: number]
export const CONNECTIONS: Bounds = [8, 1000]
/** How many downloads may receive at once; the others wait in the queue. */
export const ACTIVE_DOWNLOADS: Bounds = [1, 100]

/** A cell of a transfer's map whose extents are all written. */
export const FULL_CELL = 255
