// The specs: one set of files, run once in a browser and once in the desktop window, but what is tagged `@page` (spec.ts) in a browser only. `npm test` runs them all; `npx playwright test -c e2e/playwright.config.ts --project=web PART` some.
import { defineConfig } from '@playwright/test'
import type { SpecOptions } from './spec.ts'

process.env.SHOAL_NETWORK = 'loopback' // nothing a spec starts may reach further, unless inside a namespace of its own

const STAND_IN = 'electron-stand-in/*.spec.ts'

/** What a failure leaves to look at, without a picture of every moment: those take a sixth of the processor's time. */
const TRACE = { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: true } as const

export default defineConfig<SpecOptions>({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: './results/specs',
  preserveOutput: 'failures-only',
  workers: 2, // much of a spec is waiting for a limited rate, and none measures
  fullyParallel: true,
  retries: 0,
  forbidOnly: true,
  reporter: 'list',
  timeout: 120_000, // deadlines are for what hangs, not for what is slow on a busy machine
  expect: { timeout: 30_000 },
  use: { actionTimeout: 30_000, trace: TRACE, screenshot: 'only-on-failure' },
  projects: [
    { name: 'stand-in', testMatch: STAND_IN, fullyParallel: false }, // its files share one instance among their tests; first, as they are the longest
    { name: 'web', testIgnore: STAND_IN, use: { target: 'web' } },
    { name: 'electron', testIgnore: STAND_IN, grepInvert: /@page/, use: { target: 'electron' } }
  ]
})
