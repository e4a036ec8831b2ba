// For tests: what a test opened is closed after it, the last first, whatever fails meanwhile. The test runner's own `after` goes the other way, from the
// first, and stops at the first that fails: a folder is removed under a node that still writes to it, and the node then keeps the process of the test.
import type { TestContext } from 'node:test'

type Owner = Pick<TestContext, 'after'>

const stacks = new WeakMap<Owner, AsyncDisposableStack>()

/** The stack of this test, disposed after it. Whoever opens something for a test puts it there. */
export function cleanup(t: Owner): AsyncDisposableStack {
  const known = stacks.get(t)
  if (known != null) return known
  const stack = new AsyncDisposableStack()
  stacks.set(t, stack)
  t.after(async () => stack.disposeAsync())
  return stack
}
