// Adds a copy of a root, and its share when that is new, in slices between which the loop comes round. Until the last one the copy hangs from the share of
// no root, where nobody sees it (migrations.ts), and a last, small transaction makes all of it real: what a run that was cut off left there goes when the
// next one tidies up. Leaves may be in their index before there is a share of theirs: whoever finds one looks for the share.
import { rootText } from '../cid.ts'
import { CodedError } from '../errors.ts'
import { named } from '../loop-blocks.ts'
import type { Db } from './db.ts'
import { addLeafSteps, dropLeafSteps } from './leaf-index.ts'
import {
  dropHalfAdded,
  dropOtherFiles,
  halfAdded,
  hasCopy,
  hasShare,
  type NewCopy,
  type NewFile,
  type NewShare,
  openCopy,
  putFiles,
  settleCopy
} from './share-repo.ts'
import { appendSkeleton, findRootId, inParts, rootId, skeletonBytes, useSkeleton } from './skeleton-repo.ts'

const SLICE_FILES = 500

export interface CopyOrder {
  readonly share: NewShare
  readonly copy: NewCopy
  /** The skeleton stream; absent: it is stored. */
  readonly skeleton?: Iterable<Uint8Array>
  /** In the transaction that makes the copy real. */
  also?(): void
}

export class CopyAdder {
  readonly #db: Db
  readonly #adding = new Map<number, string>() // root by copy
  #removals = 0

  constructor(db: Db) {
    this.#db = db
  }

  /** A share was removed, and its leaves from their index. */
  removed(): void {
    this.#removals++
  }

  /** On return the copy is there, durably; when it throws (`disk-full`, the signal's reason) there is nothing of it that anybody sees. */
  async add(order: CopyOrder, signal: AbortSignal | undefined): Promise<void> {
    while (!(await this.#try(order, signal))) continue // what it was added to was removed meanwhile
  }

  /** Takes away what a run that was cut off, or an attempt that failed, left half added. */
  async tidy(signal: AbortSignal): Promise<void> {
    for (const { copyId, root } of halfAdded(this.#db)) {
      if (this.#adding.has(copyId)) continue
      const id = findRootId(this.#db, root)
      const steps = id == null ? undefined : dropLeafSteps(this.#db, id)
      const isNobodys = (): boolean =>
        id != null && !hasShare(this.#db, id) && ![...this.#adding.values()].includes(root)
      while (isNobodys() && steps?.next().done === false) await turn(signal)
      while (dropHalfAdded(this.#db, copyId, SLICE_FILES)) await turn(signal) // the copy last: it tells the next run of the rest
    }
  }

  /** False: to be done again. */
  async #try(order: CopyOrder, signal: AbortSignal | undefined): Promise<boolean> {
    const { share, copy } = order
    const db = this.#db
    const root = rootText(share.layout.root)
    const place = db.transaction('written', () => openCopy(db, rootId(db, root), root, copy))
    const { copyId } = place
    this.#adding.set(copyId, root)
    try {
      for (const part of inParts(order.skeleton ?? [])) {
        this.#addToSkeleton(root, part.start, part.bytes, share.now)
        await turn(signal)
      }
      const added = new Set<number>()
      for (const slice of slices(copy.files)) {
        if (!hasCopy(db, copyId)) return false
        named('put-share', () => db.transaction('written', () => putFiles(db, copyId, share.layout, copy.base, slice)))
        for (const { idx } of slice) added.add(idx)
        await turn(signal)
      }
      const isReplaced = place.isThere && copy.isMore !== true
      while (isReplaced && dropOtherFiles(db, copyId, added, SLICE_FILES)) await turn(signal)
      const { removals, hasLeaves } = await this.#addLeaves(rootId(db, root), share, signal)
      return named('put-share', () =>
        db.transaction('durable', () => {
          const isWhole = skeletonBytes(db, root) >= share.layout.skeletonBytes && hasCopy(db, copyId)
          const isFound = hasLeaves ? removals === this.#removals : hasShare(db, rootId(db, root))
          if (!isWhole || !isFound) return false
          settleCopy(db, rootId(db, root), share, copy, { copyId, files: added.size })
          order.also?.()
          return true
        })
      )
    } finally {
      this.#adding.delete(copyId)
    }
  }

  /** What is new in this part: somebody else may be storing the same skeleton. */
  #addToSkeleton(root: string, start: number, bytes: Uint8Array, now: number): void {
    const stored = skeletonBytes(this.#db, root)
    if (stored < start) throw new CodedError('internal', 'A skeleton was taken away while it was stored.')
    if (stored >= start + bytes.length) return
    appendSkeleton(this.#db, root, stored, bytes.subarray(stored - start))
    useSkeleton(this.#db, root, now)
  }

  /** Unless a share has brought them. */
  async #addLeaves(
    id: number,
    { layout }: NewShare,
    signal: AbortSignal | undefined
  ): Promise<{ removals: number; hasLeaves: boolean }> {
    const removals = this.#removals
    if (hasShare(this.#db, id)) return { removals, hasLeaves: false }
    const steps = addLeafSteps(this.#db, id, layout)
    while (named('put-share', () => steps.next().done !== true)) await turn(signal)
    return { removals, hasLeaves: true }
  }
}

function* slices(files: Iterable<NewFile>): Generator<NewFile[]> {
  let slice: NewFile[] = []
  for (const file of files) {
    slice.push(file)
    if (slice.length < SLICE_FILES) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  signal?.throwIfAborted()
}
