import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_FOLDER_ENTRIES } from '../content/limits.ts'
import type { HashPool, Listed } from './hash-pool.ts'
import { ENTRY, type Failure, STAT_COLUMNS } from './hash-messages.ts'
import { SourceWalk } from './source-walk.ts'

/** What no disk at hand holds: each folder lists these names, all of one kind, as often as it is asked. */
function listing(
  names: readonly string[],
  kind: number,
  failure: Failure | null = null
): Pick<HashPool, 'listFolders'> {
  const rows: Listed = {
    names,
    kinds: new Uint8Array(names.length).fill(kind),
    stats: new BigInt64Array(names.length * STAT_COLUMNS),
    targets: [],
    unreadable: [],
    failure
  }
  return {
    async listFolders(folders, visit, signal) {
      const open = [...folders]
      for (let folder = open.pop(); folder != null && !signal.aborted; folder = open.pop())
        open.push(...visit(folder, rows))
      await Promise.resolve()
    }
  }
}

async function walk(pool: Pick<HashPool, 'listFolders'>): Promise<SourceWalk> {
  const found = new SourceWalk()
  await found.list([found.openRoot('/source', 'source')], pool, () => {}, new AbortController().signal)
  return found
}

test('a path longer than any share may hold', async () => {
  await assert.rejects(walk(listing(['x'.repeat(200)], ENTRY.folder)), {
    code: 'too-large',
    message: /longer than 4096 bytes/
  })
  await assert.rejects(walk(listing(['ж'.repeat(2049)], ENTRY.file)), { code: 'too-large' })
  assert.equal((await walk(listing(['ж'.repeat(2048)], ENTRY.file))).files.length, 1)
})

test('a folder with more entries than any share may hold', async () => {
  const found = new SourceWalk()
  const root = found.openRoot('/source', 'source')
  for (let i = 1; i < MAX_FOLDER_ENTRIES; i++) root.entries.set(`${i}`, { kind: 'symlink', target: 'x' })
  const list = async (name: string): Promise<void> =>
    found.list([root], listing([name], ENTRY.file), () => {}, new AbortController().signal)
  await list('last')
  await assert.rejects(list('more'), { code: 'too-large', message: /more than 1000000 entries/ })
})

test('a name that separates paths elsewhere', async () => {
  await assert.rejects(walk(listing(['a\\b'], ENTRY.file)), { code: 'unsafe-name' })
})

test('a folder that goes away meanwhile has changed; one that cannot be read is reported', async () => {
  for (const errno of ['ENOENT', 'ENOTDIR']) {
    await assert.rejects(walk(listing([], ENTRY.file, { why: 'system', errno })), { code: 'source-changed' })
  }
  const { unreadable } = await walk(listing([], ENTRY.file, { why: 'system', errno: 'EACCES' }))
  assert.deepEqual(unreadable, [{ path: 'source', reason: 'permission denied' }])
})
