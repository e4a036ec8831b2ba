// For tests that start the program as a process: `node --import` this, and its engine's thread runs the fake.
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier.endsWith('/engine-worker.ts') ? new URL('./fake-worker.ts', import.meta.url).href : specifier,
      context
    )
})
