// The arrows of app/docs/ARCHITECTURE.md, followed from file to file through every import.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

interface Import {
  readonly target: string // a file of ours, or the name of a package
  readonly isLocal: boolean
  readonly isType: boolean // vanishes when the types are stripped
}

const STATEMENT =
  /^[ \t]*(?:import[ \t]*|(?:import|export)\b(?<what>[^'"\n;{]*(?:\{[^}]*\}[^'"\n;]*)?)\bfrom[ \t]*)['"](?<spec>[^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(STATEMENT)].map(match => ({
    spec: match.groups?.spec ?? '',
    isType: /^\s*type\b/.test(match.groups?.what ?? '')
  }))
  for (const match of text.matchAll(DYNAMIC)) found.push({ spec: match[1] ?? '', isType: false })
  return found.map(({ spec, isType }) => {
    const isLocal = spec.startsWith('.')
    return { target: isLocal ? path.posix.join(path.posix.dirname(file), spec) : spec, isLocal, isType }
  })
}

const files = globSync('{core,app,main,renderer,e2e}/**/*.{ts,tsx,mts}').map(file => file.split(path.sep).join('/'))
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file) || file.startsWith('e2e/')
const sources = files.filter(file => !isTest(file))
const graph = new Map(files.map(file => [file, importsOf(file)]))

/** Everything a file loads when it runs, however indirectly: our files and packages. */
function reach(...from: string[]): Set<string> {
  const seen = new Set(from)
  for (const file of seen) {
    for (const { target, isType } of graph.get(file) ?? []) if (!isType) seen.add(target)
  }
  return seen
}

/** What the page and the contract both count by. */
const SHARED_VALUES = ['app/contract/limits.ts', 'app/contract/places.ts']

const MAY_IMPORT: Record<string, readonly string[]> = {
  'app/contract': ['app/contract/', 'core/errors.ts'],
  core: ['core/'],
  app: ['app/', 'core/'],
  main: ['main/', 'app/', 'core/'],
  renderer: ['renderer/', ...SHARED_VALUES] // and types of the contract
}
const layerOf = (file: string): string =>
  file.startsWith('app/contract/') ? 'app/contract' : (file.split('/')[0] ?? '')

test('the walk sees the imports it is about', () => {
  assert.ok(sources.length > 20, 'sources were found')
  assert.ok((graph.get('core/link.ts') ?? []).some(found => found.target === 'core/errors.ts'))
  assert.ok((graph.get('core/link.ts') ?? []).some(found => !found.isLocal))
})

test('imports point inward, and every local one exists', () => {
  for (const file of sources) {
    for (const { target, isLocal, isType } of graph.get(file) ?? []) {
      if (!isLocal) continue
      assert.ok(existsSync(target), `${file} imports ${target}, which is not there`)
      const layer = layerOf(file)
      const allowed = MAY_IMPORT[layer] ?? []
      const isContractType = layer === 'renderer' && isType && target.startsWith('app/contract/')
      assert.ok(isContractType || allowed.some(start => target.startsWith(start)), `${file} must not import ${target}`)
    }
  }
})

test('the values that the page shares with the contract bring nothing along', () => {
  for (const file of SHARED_VALUES) assert.deepEqual(graph.get(file), [])
})

test('what the scripts import of ours is there: nothing looks at their types', () => {
  const scripts = globSync('{app,e2e}/**/*.mjs').map(file => file.split(path.sep).join('/'))
  assert.ok(scripts.length > 20, 'scripts were found')
  for (const file of scripts)
    for (const { target, isLocal } of importsOf(file))
      assert.ok(!isLocal || existsSync(target), `${file} imports ${target}, which is not there`)
})

test('tests beside a file import nothing from e2e', () => {
  for (const file of files.filter(name => isTest(name) && !name.startsWith('e2e/'))) {
    for (const { target, isLocal } of graph.get(file) ?? []) {
      assert.ok(!isLocal || !target.startsWith('e2e/'), `${file} must not import ${target}`)
    }
  }
})

test('neither the page nor the contract needs node or electron, however indirectly', () => {
  const pages = sources.filter(file => file.startsWith('renderer/') || file.startsWith('app/contract/'))
  for (const target of reach(...pages)) assert.ok(!/^(node:|electron$)/.test(target), `a page would load ${target}`)
})

test('electron is imported by main alone, react by the renderer alone, servers by the host alone', () => {
  for (const file of sources) {
    for (const { target } of graph.get(file) ?? []) {
      if (/^electron(\/|$)/.test(target)) assert.match(file, /^main\//)
      if (/^react(-dom)?(\/|$)/.test(target)) assert.match(file, /^renderer\//)
      if (/^(node:https?|node:http2|ws)$/.test(target))
        assert.match(file, /^app\/(host|cli)\//, `${file} imports ${target}`)
      if (/^node:sqlite$/.test(target)) assert.match(file, /^core\/store\//)
    }
  }
})

test('the command line loads no libp2p in its own thread', () => {
  for (const target of reach('app/cli/main.ts')) {
    assert.ok(!/^(libp2p$|@libp2p\/|@chainsafe\/libp2p)/.test(target), `the command line would load ${target}`)
  }
})

test('nothing that the command line, the host or the engine loads reaches electron', () => {
  const entries = ['app/cli/main.ts', 'app/host/host.ts', 'app/engine/engine-worker.ts', 'core/store/leaf-worker.ts']
  assert.ok(reach('main/index.ts').has('electron'), 'the walk would see it')
  for (const target of reach(...entries))
    assert.ok(!/^electron(\/|$)|^main\//.test(target), `${target} would be loaded`)
})

test('the preload imports electron and nothing of ours; in the window, only what shows something imports it', () => {
  assert.deepEqual(graph.get('main/preload.ts'), [{ target: 'electron', isLocal: false, isType: false }])
  const pure = [
    'pending-intents',
    'quit-warning',
    'engine-host',
    'login',
    'transfer-progress',
    'page-ports',
    'start-args',
    'window-service',
    'i18n'
  ]
  for (const name of pure)
    assert.ok(!reach(`main/${name}.ts`).has('electron'), `main/${name}.ts must run without electron`)
})

test('the builder still packages the root', () => {
  assert.ok(!existsSync('app/package.json'), 'electron-builder takes app/ instead as soon as app/package.json exists')
})
