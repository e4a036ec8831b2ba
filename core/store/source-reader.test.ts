import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { cleanup } from '../testing/cleanup.ts'
import { scratch } from '../testing/sample-share.ts'
import { LeafThreads } from './leaf-threads.ts'
import { SourceReader } from './source-reader.ts'

test('once it is closed nothing is opened any more: who still asks hears that it cannot be read now', async t => {
  const threads = cleanup(t).use(new LeafThreads())
  const reader = new SourceReader(threads)
  const [small, big] = [path.join(scratch(t), 'small'), path.join(scratch(t), 'big')]
  writeFileSync(small, 'abc')
  writeFileSync(big, Buffer.alloc(200_000))
  const read = async (file: string, length: number) => reader.read(file, 0, length, () => true)
  assert.equal((await read(small, 3)).read?.bytes.length, 3)
  assert.equal((await read(big, 200_000)).read?.bytes.length, 200_000)
  await reader[Symbol.asyncDispose]()
  await assert.rejects(read(small, 3), { code: 'EIO' })
  await assert.rejects(read(big, 200_000), { code: 'EIO' })
})
