// The arrows inside core and app: which folder stands on which, that nothing stands on test code, and that no files import each other in a circle.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { files, graph, sources } from './imports.ts'

/** The files that stand in `core` directly: errors, CIDs, links, clock, trace. */
const GROUND = 'core/'

/** What each floor may import of its own layer, besides itself. A file that is named has a row of its own. */
const STANDS_ON: Record<string, readonly string[]> = {
  'core/errors.ts': [],
  'core/cid.ts': ['core/errors.ts'],
  [GROUND]: [],
  'core/content/': [GROUND],
  'core/exchange/': [GROUND],
  'core/files/': [GROUND, 'core/content/'],
  'core/network/': [GROUND, 'core/files/', 'core/exchange/'],
  'core/store/': [GROUND, 'core/content/', 'core/files/', 'core/exchange/'],
  'core/fetch/': [GROUND, 'core/content/', 'core/exchange/'], // what it writes to and whom it asks are ports
  'app/contract/': [],
  'app/engine/': ['app/contract/'],
  'app/service/': ['app/contract/', 'app/engine/'], // it starts a second engine, for the welcome share
  'app/engine/engine-worker.ts': ['app/engine/', 'app/service/'], // the entry of the thread: it wires the two
  'app/host/': ['app/contract/', 'app/engine/', 'app/service/'],
  'app/cli/': ['app/contract/', 'app/engine/', 'app/service/', 'app/host/']
}

/** What is for tests, the simulator with it. */
const isTesting = (file: string): boolean => /^(core|app)\/(testing|simulation)\//.test(file)
const production = sources.filter(file => !isTesting(file) && !file.endsWith('.bench.ts'))

const isOn = (floor: string, file: string): boolean =>
  floor === GROUND ? /^core\/[^/]+$/.test(file) : file.startsWith(floor)

function floorOf(file: string): string | undefined {
  return file in STANDS_ON ? file : Object.keys(STANDS_ON).find(floor => isOn(floor, file))
}

/** Groups of files of which each reaches all others of its group, types included (Tarjan 1972); a file that imports itself is one, too. */
function circles(imports: (file: string) => readonly string[], from: readonly string[]): string[][] {
  const found: string[][] = []
  const lowest = new Map<string, number>() // reached from a file, by the order in which files were come to
  const open: string[] = []
  const visit = (file: string): number => {
    const order = lowest.size
    lowest.set(file, order)
    open.push(file)
    let low = order
    for (const target of imports(file)) {
      if (!lowest.has(target)) low = Math.min(low, visit(target))
      else if (open.includes(target)) low = Math.min(low, lowest.get(target) ?? low)
    }
    lowest.set(file, low)
    if (low < order) return low
    const group = open.splice(open.indexOf(file))
    if (group.length > 1 || imports(file).includes(file)) found.push(group)
    return low
  }
  for (const file of from) if (!lowest.has(file)) visit(file)
  return found
}

test('in core and in app each floor stands on those below it', () => {
  for (const file of production.filter(name => /^(core|app)\//.test(name) && !name.startsWith('app/scripts/'))) {
    const floor = floorOf(file)
    assert.ok(floor != null, `${file} is on no floor: say in STANDS_ON what it may import`)
    const [layer] = file.split('/')
    for (const { target } of graph.get(file) ?? []) {
      if (!target.startsWith(`${layer}/`)) continue // layers.test.ts says which layers these may be
      const may = [floor, ...(STANDS_ON[floor] ?? [])].some(below => isOn(below, target))
      assert.ok(may, `${file} must not import ${target}`)
    }
  }
})

test('nothing that runs for a user imports what is for tests', () => {
  assert.ok(sources.some(isTesting), 'there is such a folder')
  for (const file of production) {
    for (const { target } of graph.get(file) ?? [])
      assert.ok(!isTesting(target) && !/^e2e\/|\.(test|bench)\.tsx?$/.test(target), `${file} must not import ${target}`)
  }
})

test('circles are found', () => {
  const drawn: Record<string, string[]> = {
    a: ['b'],
    b: ['c', 'd'],
    c: ['a'],
    d: ['e', 'f'],
    e: ['d'],
    f: ['f'],
    g: ['a']
  }
  const found = circles(file => drawn[file] ?? [], Object.keys(drawn))
  const sorted = found.map(group => group.toSorted().join('')).toSorted()
  assert.deepEqual(sorted, ['abc', 'de', 'f'])
})

test('no files import each other in a circle, not even for a type', () => {
  const imports = (file: string): string[] =>
    (graph.get(file) ?? []).filter(({ isLocal }) => isLocal).map(({ target }) => target)
  const found = circles(imports, [...graph.keys()])
  assert.ok(found.length === 0, `in circles:\n${found.map(group => group.join('\n')).join('\n\n')}`)
})

test('what a test opens is closed by cleanup(), the last first: the runner’s own order removes folders under what still writes there', () => {
  const wrong = files.filter(
    file => file !== 'core/testing/cleanup.ts' && /\bt\.after\(/.test(readFileSync(file, 'utf8'))
  )
  assert.deepEqual(wrong, [])
})
