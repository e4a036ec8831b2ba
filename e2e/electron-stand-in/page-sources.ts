// The text of the scripts that Chromium runs before any of a document's own: one for the page's world, one for the preload's.
// Node's type stripping leaves functions whose source text is plain JavaScript, so they are sent as they stand in their files.

import { readFileSync } from 'node:fs'
import { bridge, watchPorts, exposeInPage } from './bridge.ts'
import { codec } from './codec.ts'
import { type PreloadFacts, preloadWorld } from './preload-world.ts'

export interface PageSources {
  readonly page: string
  readonly preload: string
}

export function pageSources(secret: string, facts: PreloadFacts, preloadFile: string | undefined): PageSources {
  const key = JSON.stringify(secret)
  const preload = preloadFile == null ? '' : readFileSync(preloadFile, 'utf8')
  if (preloadFile?.endsWith('.mjs')) throw new Error('stand-in: a sandboxed preload cannot be an ES module')
  return {
    page: `if (window === window.top) {
      (${String(exposeInPage)})(${String(bridge)}, ${key});
      (${String(watchPorts)})()
    }`,
    preload: `if (window === window.top) {
      const { require, process } = (${String(preloadWorld)})(${String(bridge)}, ${String(codec)}, ${key}, ${JSON.stringify(facts)});
      (function (require, process, global, exports, module) { 'use strict'; ${preload}
      })(require, process, globalThis, {}, { exports: {} })
    }
    //# sourceURL=${preloadFile ?? 'stand-in-preload'}`
  }
}
