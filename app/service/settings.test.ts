import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../../core/errors.ts'
import { openSettings, shownSettings } from './settings.ts'

function scratch(): { dir: string; file: string } & Disposable {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'shoal-settings-'))
  return { dir, file: path.join(dir, 'settings.json'), [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
}
const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8')) as never

test('what is chosen once stays: the name and the listening port', () => {
  using it = scratch()
  const first = openSettings(it.dir).value
  assert.match(first.name, /^[A-Z][a-z]+ [A-Z][a-z]+$/)
  assert.deepEqual(openSettings(it.dir).value, first)
  assert.equal(statSync(it.file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(it.dir), ['settings.json'], 'no draft left')
})

test('a change survives, and a wrong one changes nothing', () => {
  using it = scratch()
  const settings = openSettings(it.dir)
  settings.change({ name: '  Ana  ', network: 'lan' })
  const before = readFileSync(it.file, 'utf8')
  for (const wrong of [{ name: ' ' }, { maxConnections: 3 }, { uploadBytesPerSecond: -1 }, { network: 'moon' }])
    assert.throws(() => settings.change(wrong as never), { code: 'usage' })
  assert.equal(readFileSync(it.file, 'utf8'), before)
  assert.equal(openSettings(it.dir).value.name, 'Ana')
  assert.deepEqual(settings.value, openSettings(it.dir).value)
})

test('whoever acts on settings hears of each change, and of none that could not be kept', () => {
  using it = scratch()
  const settings = openSettings(it.dir)
  const heard: number[] = []
  settings.onChange(({ activeDownloads }) => heard.push(activeDownloads))
  settings.change({ activeDownloads: 7 })
  assert.throws(() => settings.change({ activeDownloads: 0 }), { code: 'usage' })
  mkdirSync(`${it.file}.new`) // where the draft goes
  assert.throws(() => settings.change({ activeDownloads: 9 }), { code: 'not-writable' })
  assert.deepEqual(heard, [7])
})

test('keys of another version are kept, missing ones get their default', () => {
  using it = scratch()
  writeFileSync(it.file, JSON.stringify({ name: 'Ana', theme: { dark: true } }))
  openSettings(it.dir).change({ keepSharing: false })
  const saved = read(it.file)
  assert.deepEqual([saved.name, saved.theme, saved.keepSharing], ['Ana', { dark: true }, false])
  assert.equal(saved.maxConnections, 150)
  assert.ok(!('theme' in shownSettings(openSettings(it.dir).value)), 'a UI is shown the contract and no more')
  assert.ok(!('downloads' in shownSettings(openSettings(it.dir).value)))
})

test('any file is either understood or data-damaged, and reading never changes a damaged one', () => {
  using it = scratch()
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ name: fc.anything(), network: fc.anything(), listenPort: fc.anything() }, { requiredKeys: [] })
      .map(value => JSON.stringify(value) ?? '')
  )
  fc.assert(
    fc.property(content, text => {
      writeFileSync(it.file, text)
      try {
        const { value } = openSettings(it.dir)
        assert.ok(value.name.length > 0)
        assert.deepEqual(openSettings(it.dir).value, value)
      } catch (error) {
        assert.ok(error instanceof CodedError && error.code === 'data-damaged', String(error))
        assert.equal(readFileSync(it.file, 'utf8'), text)
      }
    }),
    { numRuns: 200 }
  )
})

test('a file that says something else is not taken for none', () => {
  using it = scratch()
  for (const text of ['', '[]', 'null', '5', '"x"']) {
    writeFileSync(it.file, text)
    assert.throws(() => openSettings(it.dir), { code: 'data-damaged' }, text)
  }
})

test('every setting that is accepted reads back as it was', () => {
  using it = scratch()
  const settings = openSettings(it.dir)
  const change = fc.record(
    {
      name: fc.string({ minLength: 1, maxLength: 64 }).filter(name => name.trim().length > 0),
      network: fc.constantFrom('loopback', 'lan', 'internet', null),
      uploadBytesPerSecond: fc.nat(),
      reserveBytes: fc.option(fc.maxSafeNat()),
      uiPort: fc.nat(65_535),
      downloads: fc.option(fc.string({ maxLength: 100 }))
    },
    { requiredKeys: [] }
  )
  fc.assert(
    fc.property(change, changed => {
      const after = settings.change(changed)
      assert.deepEqual(openSettings(it.dir).value, after)
    }),
    { numRuns: 50 }
  )
})

test('a file that cannot be replaced: a code, and the settings as they were', () => {
  using it = scratch()
  const settings = openSettings(it.dir)
  const { name } = settings.value
  mkdirSync(`${it.file}.new`) // where the draft goes
  assert.throws(() => settings.change({ name: 'Other' }), { code: 'not-writable' })
  assert.equal(settings.value.name, name)
  assert.equal(read(it.file).name, name)
})
