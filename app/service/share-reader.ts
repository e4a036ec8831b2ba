// The bytes of a finished share, for a browser that saves them elsewhere: leaf by leaf, each hashed again as it is read, so that what left is what was shared.
import { parseRoot, rootText } from '../../core/cid.ts'
import type { Layout, LayoutFile } from '../../core/content/layout.ts'
import { CodedError } from '../../core/errors.ts'
import type { Store } from '../../core/store/store.ts'

/** Throws not-found. */
export async function sharedFile(
  store: Store,
  root: string,
  index: number
): Promise<{ path: string[]; bytes: number }> {
  const { file, name } = await find(store, root, index)
  return { path: file.path.length > 0 ? [...file.path] : [name], bytes: file.sizeBytes }
}

/** From `offset` to the end of the leaf it is in, base64; empty at the end of the file. Throws not-found, source-changed, unreadable. */
export async function readShared(store: Store, root: string, index: number, offset: number): Promise<string> {
  const { layout, file } = await find(store, root, index)
  const held = store.held(parseRoot(root))
  if (held == null) throw notThere()
  if (offset >= file.sizeBytes) return ''
  const ordinal = leafAt(layout, file, offset)
  const bytes = await held.readLeaf(ordinal)
  return Buffer.from(bytes.subarray(offset - layout.leafOffset(ordinal))).toString('base64')
}

async function find(store: Store, root: string, index: number) {
  const share = store.share(root)
  if (share == null || share.state !== 'ready') throw notThere()
  const layout = await store.layout(parseRoot(root), share.sizeBytes)
  const file = layout.files[index]
  if (file == null) throw notThere()
  return { layout, file, name: share.name === '' ? rootText(layout.root) : share.name }
}

const notThere = (): CodedError => new CodedError('not-found', 'That is not shared here, or not all of it is there.')

/** The last leaf that begins at or before `offset`, which is inside the file. */
export function leafAt(
  layout: Pick<Layout, 'leafOffset'>,
  file: Pick<LayoutFile, 'start' | 'end'>,
  offset: number
): number {
  let low = file.start
  let high = file.end - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (layout.leafOffset(middle) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
