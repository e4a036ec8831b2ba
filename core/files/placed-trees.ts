// A hundred thousand names are placed once for all who ask, in turns of the loop.

import { inTurns } from '../turns.ts'
import type { NameRules } from './safe-name.ts'
import { type PlacedTree, placing, type UnplacedTree } from './safe-path.ts'

const known = new WeakMap<UnplacedTree, { readonly rules: NameRules; readonly placed: Promise<PlacedTree> }>()

/** `placeInside`; kept for as long as the tree is. Rejects with `unsafe-name`. */
export function placedTree(tree: UnplacedTree, rules: NameRules): Promise<PlacedTree> {
  const found = known.get(tree)
  if (found?.rules === rules) return found.placed
  const placed = inTurns('place-files', placing(tree, rules))
  known.set(tree, { rules, placed })
  return placed
}
