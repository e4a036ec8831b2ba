import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openMemory, placeOn, upTo } from './window-memory.ts'
import { cleanup } from '../core/testing/cleanup.ts'

const screen = { x: 0, y: 0, width: 1280, height: 800 }
const at = (x: number, y: number) => ({ x, y, width: 900, height: 600 })

test('what is remembered is there the next time, and nothing else is left behind', t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-window-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  const memory = openMemory(path.join(dir, 'window'))
  assert.equal(memory.value.staysOpen, null, 'nobody has chosen')
  memory.change({ bounds: at(10, 20), staysOpen: false, language: 'de' })
  assert.deepEqual(openMemory(path.join(dir, 'window')).value, { ...memory.value })
  assert.deepEqual(openMemory(path.join(dir, 'window')).value.bounds, at(10, 20))
  assert.deepEqual(readdirSync(path.join(dir, 'window')), ['window.json'])
})

test('a file that makes no sense is a first start; one field that makes none costs only itself', t => {
  const dir = mkdtempSync(path.join(tmpdir(), 'shoal-window-'))
  cleanup(t).defer(() => rmSync(dir, { recursive: true }))
  for (const text of ['', '{', '7', '[]', `"${'x'.repeat(70_000)}"`]) {
    writeFileSync(path.join(dir, 'window.json'), text)
    assert.equal(openMemory(dir).value.bounds, null)
  }
  writeFileSync(path.join(dir, 'window.json'), '{"bounds":{"x":1e99},"theme":"pink","language":"de","staysOpen":false}')
  assert.deepEqual(openMemory(dir).value, { bounds: null, isMaximized: false, staysOpen: false, theme: 'system', language: 'de' }) // prettier-ignore
})

test('a place is taken up again only where its title bar can be reached', () => {
  assert.deepEqual(placeOn([screen], at(100, 100)), at(100, 100))
  assert.deepEqual(placeOn([screen, { ...screen, x: 1280 }], at(1500, 0)), at(1500, 0))
  assert.equal(placeOn([screen], at(1500, 0)), null, 'that screen is gone')
  assert.equal(placeOn([screen], at(0, -200)), null)
  assert.equal(placeOn([screen], at(-880, 0)), null)
  assert.equal(placeOn([screen], null), null)
  assert.deepEqual(placeOn([screen], { x: 0, y: 0, width: 3000, height: 2000 }), screen, 'no larger than the screen')
})

test('three in a minute, and again when the first is a minute ago', () => {
  const may = upTo(3, 60_000)
  assert.deepEqual([0, 1, 2, 3, 59_999].map(may), [true, true, true, false, false])
  assert.deepEqual([60_000, 60_000].map(may), [true, false])
})
