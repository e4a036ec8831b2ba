// Only the stand-in's own conformance: `npx playwright test -c e2e/electron-stand-in`.

import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  workers: 1,
  timeout: 20_000,
  reporter: 'list',
  outputDir: '../results/electron-stand-in',
  forbidOnly: true
})
