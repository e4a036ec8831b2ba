// The arrows between the layers (app/docs/ARCHITECTURE.md), followed from file to file through every import. Those inside a layer: floors.test.ts.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { filesOf, files, graph, importsOf, isTest, reach, sources } from './imports.ts'

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
  const scripts = filesOf('{app,e2e}/**/*.mjs')
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
      if (/^node:sqlite$/.test(target)) assert.match(file, /^core\/store\/|^(core|app)\/simulation\//)
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
