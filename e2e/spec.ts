// What every spec starts from: `test`, which knows its target and opens instances on it, and `expect`.

import { expect, test as base } from '@playwright/test'
import type { Browser } from 'playwright-core'
import { openChromium } from './browser.ts'
import { electronShell } from './electron-shell.ts'
import { Instance, type InstanceOptions } from './instance.ts'
import { openScratch, type Scratch } from './scratch.ts'
import type { Shell } from './shell.ts'
import { webShell } from './web-shell.ts'

export { expect }

/**
 * Of a test whose claim no shell has a part in: what the page and the engine say and do is the same code behind either, so one shell is enough, a browser's.
 * Never of what goes through one: start and end, a page that is loaded again, files dropped, chosen and saved, the clipboard, opened links, keys the menu has.
 */
export const PAGE = { tag: '@page' }

export interface SpecOptions {
  readonly target: 'web' | 'electron'
}

interface Given {
  /** A folder that is gone after the test. */
  readonly scratch: Scratch
  /** Starts a copy of Shoal under a name of its own; whatever happens it is gone after the test. */
  readonly instance: (name: string, options?: InstanceOptions) => Promise<Instance>
}

interface GivenToAll {
  /** A browser, on both targets: strangers' pages need one too. */
  readonly chromium: Browser
  readonly shell: Shell
}

/* oxlint-disable no-empty-pattern -- Playwright reads from the pattern what a fixture needs, and demands one */
export const test = base.extend<Given, SpecOptions & GivenToAll>({
  target: ['web', { option: true, scope: 'worker' }],
  chromium: [
    async ({}, use) => {
      const browser = await openChromium()
      await use(browser)
      await browser.close()
    },
    { scope: 'worker' }
  ],
  shell: [
    async ({ target, chromium }, use) => await use(target === 'web' ? webShell(chromium) : electronShell()),
    { scope: 'worker' }
  ],
  scratch: async ({}, use) => {
    await using scratch = openScratch()
    await use(scratch)
  },
  instance: async ({ shell, scratch }, use) => {
    const instances: [string, Instance][] = []
    await use(async (name, options = {}) => {
      const instance = new Instance(name, shell, scratch.dir, options)
      instances.push([name, instance])
      await instance.start()
      return instance
    })
    const ends = await Promise.allSettled(instances.map(async ([, it]) => it[Symbol.asyncDispose]()))
    for (const [name, { complaints, mayComplain }] of instances)
      if (!mayComplain) expect.soft(complaints, `complaints of ${name}’s page`).toEqual([])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
})
