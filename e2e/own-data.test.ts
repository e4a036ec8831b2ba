// What Shoal keeps for itself stays here: a home folder with data directories in it is shared without them, and nobody shares or fills one by name.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { runPeer, startGet, startServe, startShare, untilDone, untilFailed, untilShared } from './peer.ts'
import { openScratch } from './scratch.ts'

const OWN_NAMES = /^(identity\.key|shoal\.(db.*|json.*)|run\.json|settings\.json|lock|logs|welcome)$/

test('sharing a home folder: the share completes, the key stays', { timeout: 60_000 }, async () => {
  await using scratch = openScratch()
  const home = scratch.at('home')
  const data = path.join(home, '.local/share/shoal') // where it is when nobody says
  const second = path.join(home, 'elsewhere/second')
  mkdirSync(path.join(home, 'documents'), { recursive: true })
  writeFileSync(path.join(home, 'documents', 'letter.txt'), 'to whom it may concern')
  writeFileSync(path.join(home, '.profile'), 'umask 022')
  assert.equal((await runPeer(['info'], { data: second })).exit?.code, 0)
  assert.ok(existsSync(path.join(second, 'identity.key')), 'somebody else’s, with a key')

  await using seeder = startShare([home], { data })
  const { shared } = await untilShared(seeder)
  await using getter = startGet(shared.link, scratch.at('out'), { data: scratch.at('b') })
  const { path: arrived } = await untilDone(getter)
  const names = readdirSync(arrived, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    names.filter(it => OWN_NAMES.test(path.basename(it))),
    []
  )
  for (const name of ['.profile', 'documents/letter.txt']) assert.ok(names.includes(path.normalize(name)), name)
  assert.equal(shared.files, 2)
  assert.deepEqual(shared.leftOut.map(it => it.path).toSorted(), ['home/.local/share/shoal', 'home/elsewhere/second'])
  for (const { reason } of shared.leftOut) assert.match(reason, /Shoal/)
})

test(
  'a data directory, or what is in one, is neither shared nor written into by name',
  { timeout: 120_000 },
  async () => {
    await using scratch = openScratch()
    const [data, other] = [scratch.at('a'), scratch.at('b')]
    writeFileSync(scratch.at('hello.txt'), 'hello')
    assert.equal((await runPeer(['info'], { data: other })).exit?.code, 0)
    mkdirSync(path.join(other, 'logs'), { recursive: true })
    symlinkSync(other, scratch.at('link'))
    await using seeder = startShare([scratch.at('hello.txt')], { data })
    const { shared } = await untilShared(seeder)

    for (const named of [data, other, path.join(other, 'identity.key'), path.join(other, 'logs'), scratch.at('link')]) {
      await using refused = startShare([named], { data })
      await untilFailed(refused, 6, 'forbidden')
    }
    for (const named of [other, path.join(other, 'logs', 'new'), scratch.at('link')]) {
      await using refused = startGet(shared.link, named, { data: scratch.at('c') })
      await untilFailed(refused, 6, 'forbidden')
    }
    await using refused = startServe({ data: scratch.at('c'), more: ['--folder', path.join(other, 'logs')] })
    await untilFailed(refused, 6, 'forbidden')

    await using getter = startGet(shared.link, scratch.dir, { data: other }) // holds both, and is none itself
    await untilDone(getter)
  }
)
