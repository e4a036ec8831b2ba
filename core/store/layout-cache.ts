// Layouts of stored roots: read back from the skeleton when asked for, the last ones kept.
import type { CID } from 'multiformats/cid'
import { rawRootLayout, type Layout } from '../content/layout.ts'
import { SkeletonReader } from '../content/skeleton.ts'
import { RAW, rootText } from '../cid.ts'
import { CodedError } from '../errors.ts'
import type { Db } from './db.ts'
import { skeletonParts } from './skeleton-repo.ts'

const MAX_KEPT = 16
const MAX_LEAVES = 1 << 20 // some 40 MiB; a bigger layout is kept alone

/** Throws `not-found` while a skeleton is not whole, `data-damaged` when a share's stored skeleton cannot be read back. */
export class LayoutCache {
  readonly #db: Db
  readonly #kept = new Map<string, Layout>() // least recently used first

  constructor(db: Db) {
    this.#db = db
  }

  /** At once; blocks for some 10 ms a MiB of skeleton when it is not at hand. `sizeBytes` counts for a raw root only. */
  get(root: CID, sizeBytes: number): Layout {
    const steps = this.#steps(root, sizeBytes)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }

  /** The same, letting the loop breathe between MiBs. */
  async load(root: CID, sizeBytes: number): Promise<Layout> {
    const steps = this.#steps(root, sizeBytes)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  keep(layout: Layout): void {
    const key = rootText(layout.root)
    this.#kept.delete(key)
    this.#kept.set(key, layout)
    let leaves = this.#kept.values().reduce((sum, it) => sum + it.leafCount, 0)
    for (const [old, { leafCount }] of this.#kept) {
      if (this.#kept.size === 1 || (this.#kept.size <= MAX_KEPT && leaves <= MAX_LEAVES)) break
      this.#kept.delete(old)
      leaves -= leafCount
    }
  }

  forget(root: string): void {
    this.#kept.delete(root)
  }

  *#steps(root: CID, sizeBytes: number): Generator<void, Layout> {
    const known = this.#kept.get(rootText(root))
    const layout = known ?? (root.code === RAW ? rawRootLayout(root, sizeBytes) : yield* this.#read(root))
    this.keep(layout)
    return layout
  }

  *#read(root: CID): Generator<void, Layout> {
    const reader = new SkeletonReader(root)
    for (const part of skeletonParts(this.#db, rootText(root))) {
      reader.push(part)
      yield
    }
    if (!reader.complete) throw new CodedError('not-found', 'What is inside this link is not all known yet.')
    return reader.layout()
  }
}
