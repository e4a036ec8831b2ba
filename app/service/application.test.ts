// The whole application, inline, two of them on loopback: what a user does from the first share to the last byte.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { openLoopbackNode, until } from '../../core/testing/loopback-swarm.ts'
import { openStore } from '../../core/store/store.ts'
import { followed, get, open, scratch, share } from '../testing/sample-application.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('shared in one place, got in another, shown on both sides, removed again', { timeout: 120_000 }, async t => {
  const dir = await scratch(t)
  const tree = path.join(dir, 'Summer')
  await mkdir(path.join(tree, 'empty'), { recursive: true })
  await writeFile(path.join(tree, 'one.bin'), randomBytes(3_000_001))
  await writeFile(path.join(tree, 'zwei ü.txt'), 'zwei')
  await writeFile(path.join(tree, 'nothing'), '')

  await using seeder = await open(path.join(dir, 'a'), t.signal)
  await using getter = await open(path.join(dir, 'b'), t.signal)
  const shared = await share(seeder.client, tree)
  assert.equal(shared.files, 3)
  assert.equal(shared.bytes, 3_000_005)
  assert.equal((await seeder.client.share.where({ root: shared.root })).path, tree)
  await assert.rejects(seeder.page.share.where({ root: shared.root }), { code: 'forbidden' })

  const previews = []
  for await (const row of await getter.page.transfer.preview({ link: shared.link })) previews.push(row)
  assert.equal(previews.at(-1)?.ready, true)
  assert.equal(previews.at(-1)?.files, 3)
  const files = await getter.page.transfer.files({ root: shared.root, offset: 0, limit: 10 })
  assert.deepEqual(
    files.rows.map(row => [row.path.join('/'), row.bytes, row.haveBytes]),
    [
      ['nothing', 0, 0],
      ['one.bin', 3_000_001, 0],
      ['zwei ü.txt', 4, 0]
    ]
  )

  const out = path.join(dir, 'out')
  const { id, done } = await get(getter.client, shared.link, out)
  assert.equal(done.path, path.join(out, 'Summer'))
  assert.equal(done.received, 3_000_005)
  assert.equal(done.sources, 1)
  for (const name of ['one.bin', 'zwei ü.txt', 'nothing']) {
    assert.equal(sha256(await readFile(path.join(out, 'Summer', name))), sha256(await readFile(path.join(tree, name))))
  }

  const [row] = await getter.page.transfer.list({})
  assert.equal(row?.state, 'done')
  assert.equal((await getter.page.transfer.link({ id })).link, shared.link, 'as it was started, addresses too')
  assert.equal(row?.path, null, 'a page learns no path')
  assert.equal(row?.received, 3_000_005, 'said also when it is over')
  const [kept] = await getter.client.share.list({})
  assert.deepEqual([kept?.root, kept?.origin, kept?.state], [shared.root, 'received', 'ready'])
  const [peer] = await getter.client.peer.list({})
  assert.equal(peer?.peerId, (await seeder.client.node.info({})).peerId)
  assert.equal(peer?.name, (await seeder.client.node.info({})).name)

  const again = await get(getter.client, shared.link, out)
  assert.equal(again.id, id)
  assert.equal(again.done.received, 0, 'what stands there already is not fetched')
  const elsewhere = await get(getter.client, shared.link, path.join(dir, 'other'))
  assert.equal(elsewhere.done.received, 0, 'what this device holds is copied')

  for await (const { others } of await seeder.page.share.details({ root: shared.root })) {
    if (others[0]?.isComplete !== true) continue // it says so a moment after it has everything
    const getterInfo = await getter.client.node.info({})
    assert.deepEqual(others, [{ peerId: getterInfo.peerId, name: getterInfo.name, isComplete: true }])
    break
  }
  const slow = { root: shared.root, uploadBytesPerSecond: 5_000_000 }
  assert.deepEqual(await seeder.page.share.limit(slow), { uploadBytesPerSecond: 5_000_000 })
  assert.deepEqual(await seeder.page.share.limit({ ...slow, uploadBytesPerSecond: null }), { uploadBytesPerSecond: 5_000_000 }) // prettier-ignore
  assert.deepEqual(await seeder.page.share.limit({ ...slow, uploadBytesPerSecond: 0 }), { uploadBytesPerSecond: 0 })
  assert.deepEqual(await getter.page.transfer.limit({ id, downloadBytesPerSecond: null }), { downloadBytesPerSecond: 0 }) // prettier-ignore

  const write = async () => (await getter.client.grant.paths({ paths: [out], use: 'write' })).grants[0] ?? ''
  await getter.page.settings.set({ downloads: await write() })
  const { downloads, indexBytes } = await getter.page.settings.storage({})
  assert.deepEqual([downloads.name, downloads.folder], ['out', null])
  assert.ok((downloads.roomBytes ?? 0) > 0 && indexBytes > 10_000, `${indexBytes} bytes of index`)

  for await (const event of await seeder.client.share.verify({ root: shared.root })) {
    if (event.type === 'verified') assert.deepEqual(event.bad, [])
  }
  await seeder.client.share.remove({ root: shared.root })
  assert.deepEqual(await seeder.client.share.list({}), [])
  assert.equal((await readFile(path.join(tree, 'zwei ü.txt'))).toString(), 'zwei', 'removing touches no file')
})

test('refusals: paths from a page, links that are none, roots nobody has', { timeout: 120_000 }, async t => {
  const dir = await scratch(t)
  await using node = await open(path.join(dir, 'a'), t.signal)
  const { client, page } = node
  await assert.rejects(page.grant.paths({ paths: ['/etc/passwd'], use: 'read' }), { code: 'forbidden' })
  await assert.rejects(page.grant.addFolder({ path: '/etc' }), { code: 'forbidden' })
  await assert.rejects(client.grant.paths({ paths: ['relative'], use: 'read' }), { code: 'usage' })
  await assert.rejects(client.share.limit({ root: `b${'a'.repeat(58)}`, uploadBytesPerSecond: 1 }), {
    code: 'not-found'
  })
  await assert.rejects(client.share.remove({ root: `b${'a'.repeat(58)}` }), { code: 'not-found' })
  const start = (link: string, giveUpAfterMs: number) =>
    client.transfer.start({ link, folder: null, selection: null, addrs: [], giveUpAfterMs })
  await assert.rejects(start('not a link', 0), { code: 'invalid-link' })
  const { grants } = await client.grant.paths({ paths: [path.join(dir, 'out')], use: 'write' })
  const link = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
  const folder = grants[0] ?? null
  const { id } = await client.transfer.start({ link, folder, selection: null, addrs: [], giveUpAfterMs: 200 })
  await assert.rejects(
    async () => {
      for await (const event of await client.transfer.follow({ id })) assert.equal(event.type, 'progress')
    },
    { code: 'no-providers' }
  )
  const [row] = await client.transfer.list({})
  assert.deepEqual([row?.state, row?.error?.code], ['failed', 'no-providers'])
  await client.transfer.remove({ id })
  assert.deepEqual(await client.transfer.list({}), [])
})

test('a ban outlives the process', { timeout: 120_000 }, async t => {
  const dir = await scratch(t)
  await using liar = await open(path.join(dir, 'a'), t.signal)
  const { addrs, peerId } = await liar.client.node.info({})
  const addr = addrs[0] ?? ''
  {
    await using before = await open(path.join(dir, 'b'), t.signal)
    await before.client.node.dial({ addr })
  }
  {
    using store = openStore(path.join(dir, 'b', 'shoal.db'))
    store.ban(peerId, Date.now() + 60_000)
  }
  await using after = await open(path.join(dir, 'b'), t.signal)
  await assert.rejects(after.client.node.dial({ addr }), { code: 'forbidden' })
})

test('what changed is shared again as it is now, and the old share goes', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const [one, two] = [path.join(dir, 'one.txt'), path.join(dir, 'two.txt')]
  await writeFile(one, 'as it was')
  await writeFile(two, 'two')
  await using node = await open(path.join(dir, 'a'), t.signal)
  const both = await share(node.client, one, two)
  const same = await followed(node.page, (await node.page.share.again({ root: both.root })).job)
  assert.equal(same.root, both.root, 'nothing has changed: nothing happens')
  await writeFile(one, 'as it is now')
  const now = await followed(node.page, (await node.page.share.again({ root: both.root })).job)
  assert.notEqual(now.root, both.root)
  assert.equal(now.files, 2, 'of the same paths')
  assert.deepEqual(
    (await node.client.share.list({})).map(({ root, state }) => [root, state]),
    [[now.root, 'ready']]
  )
  await assert.rejects(node.page.share.again({ root: both.root }), { code: 'not-found' })
})

test('no more are let in than the settings say, from the moment they say it', { timeout: 60_000 }, async t => {
  await using node = await open(path.join(await scratch(t), 'a'), t.signal)
  const { addrs } = await node.client.node.info({})
  await using stack = new AsyncDisposableStack()
  await node.page.settings.set({ maxConnections: 8 })
  for (let i = 0; i < 8; i++) {
    const guest = stack.use(await openLoopbackNode(t.signal))
    await guest.dial(addrs[0] ?? '', t.signal)
  }
  const guest = stack.use(await openLoopbackNode(t.signal))
  await guest.dial(addrs[0] ?? '', t.signal).catch(() => undefined) // it may be turned away after it was open
  await until(() => guest.peers().length === 0, 'the ninth is turned away')
  await node.page.settings.set({ maxConnections: 9 })
  await guest.dial(addrs[0] ?? '', t.signal)
})

test('a peer that just ends is no error in the log', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  await using node = await open(path.join(dir, 'a'), t.signal)
  await using other = await openLoopbackNode(t.signal)
  let greetings = 0
  other.handle('control', duplex => {
    greetings++
    duplex.close()
  })
  await node.client.node.dial({ addr: other.addrs()[0] ?? '' })
  await until(() => greetings === 2, 'it is greeted again, so that the first end was noticed')
  const logs = path.join(dir, 'a', 'logs')
  const files = await readdir(logs).catch(() => []) // nothing was worth a line
  for (const file of files) assert.doesNotMatch((await readFile(path.join(logs, file))).toString(), /greeting/)
})

test('what a preview fetched is gone when nothing came of it for a day', { timeout: 60_000 }, async t => {
  const dir = await scratch(t)
  const tree = path.join(dir, 'Seen')
  await mkdir(tree)
  await writeFile(path.join(tree, 'a.txt'), 'a')
  await using seeder = await open(path.join(dir, 'a'), t.signal)
  const { root, link } = await share(seeder.client, tree)
  {
    await using getter = await open(path.join(dir, 'b'), t.signal)
    for await (const row of await getter.page.transfer.preview({ link })) assert.equal(row.root, root)
  }
  const file = path.join(dir, 'b', 'shoal.db')
  const kept = (): number => {
    using store = openStore(file)
    return store.skeletonBytes(root)
  }
  await (await open(path.join(dir, 'b'), t.signal))[Symbol.asyncDispose]()
  assert.ok(kept() > 0, 'for the transfer that may follow')
  {
    using store = openStore(file)
    store.db.run('UPDATE root SET used_at = used_at - ?', 25 * 60 * 60 * 1000)
  }
  await (await open(path.join(dir, 'b'), t.signal))[Symbol.asyncDispose]()
  assert.equal(kept(), 0)
})
