import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { leafAt } from './share-reader.ts'

test('the leaf an offset is in, also beside empty ones', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), sizes => {
      const offsets = sizes.map((_, at) => sizes.slice(0, at).reduce((sum, size) => sum + size, 0))
      const total = sizes.reduce((sum, size) => sum + size, 0)
      for (let offset = 0; offset < total; offset++) {
        const leaf = leafAt({ leafOffset: at => offsets[at] ?? 0 }, { start: 0, end: sizes.length }, offset)
        assert.ok(offsets[leaf]! <= offset && offset < offsets[leaf]! + sizes[leaf]!)
      }
    })
  )
})
