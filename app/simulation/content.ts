// What is shared in a simulated world: made from numbers, so that everybody who looks knows what every root says.
import { createHash } from 'node:crypto'
import { rootText } from '../../core/cid.ts'
import { buildDag, type SourceTree } from '../../core/content/build.ts'
import type { Layout } from '../../core/content/layout.ts'
import { file, folder } from '../../core/testing/sample-content.ts'

/** A file when it has one size and no name of its own; else a folder, with names such as `a/b.bin`. */
export interface ContentPlan {
  readonly name: string
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
  readonly seed: number
}

export class Content {
  readonly plan: ContentPlan
  readonly root: string
  readonly layout: Layout
  readonly skeleton: Uint8Array
  readonly isFolder: boolean
  readonly #files = new Map<string, Uint8Array>()

  constructor(plan: ContentPlan) {
    this.plan = plan
    this.isFolder = plan.files[0]?.path !== ''
    plan.files.forEach(({ path, sizeBytes }, i) => this.#files.set(path, madeBytes(sizeBytes, plan.seed * 10_007 + i)))
    const built = buildDag(this.isFolder ? treeOf(this.#files) : file(this.bytes('')))
    this.root = rootText(built.root)
    this.layout = built.layout
    this.skeleton = Buffer.concat(built.skeleton)
  }

  get name(): string {
    return this.plan.name
  }

  /** Where the file stands below the root: '' is the root itself. */
  bytes(path: string): Uint8Array {
    const bytes = this.#files.get(path)
    if (bytes == null) throw new Error(`There is no ${path} in ${this.name}`)
    return bytes
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** By path below the root. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return this.#files
  }

  leaf(ordinal: number): Uint8Array {
    const { layout } = this
    const { path } = layout.files[layout.fileIndexOf(ordinal)]!
    const at = layout.leafOffset(ordinal)
    return this.bytes(path.join('/')).subarray(at, at + layout.leafBytes(ordinal))
  }
}

/** Other bytes for every seed, with no two leaves alike. */
export function madeBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

function treeOf(files: ReadonlyMap<string, Uint8Array>): SourceTree {
  const top = new Map<string, SourceTree>()
  const inside = new Map<string, [string, SourceTree][]>()
  for (const [path, bytes] of files) {
    const [first, second] = path.split('/') as [string, string | undefined] // split never gives an empty list
    if (second == null) top.set(first, file(bytes))
    else inside.set(first, [...(inside.get(first) ?? []), [second, file(bytes)]])
  }
  for (const [name, entries] of inside) top.set(name, folder(entries))
  return folder(top)
}
