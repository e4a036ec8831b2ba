import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CodedError } from '../../core/errors.ts'
import { type Command, findCommand, parseArgs } from './args.ts'
import { defaultDataDir } from './data-home.ts'

const ROOT = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const around = (env: NodeJS.ProcessEnv = {}) => ({ env, cwd: '/here', version: '1.2.3' })
const parse = (text: string, env: NodeJS.ProcessEnv = {}): Command => {
  const parsed = parseArgs(text.split(' ').filter(Boolean), around(env))
  assert.ok(parsed.name !== 'told')
  return parsed
}

test('every command of PRODUCT.md, its flags before or behind it', () => {
  assert.deepEqual(parse('share a /b --skip-unreadable --data d --json --network loopback'), {
    name: 'share',
    paths: ['/here/a', '/b'],
    skipUnreadable: true,
    json: true,
    dataDir: '/here/d',
    network: 'loopback',
    isNetworkFlag: true,
    listen: [],
    peers: [],
    bootstrap: null,
    limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null, reserveBytes: null }
  })
  const get = parse('--peer /ip4/1.2.3.4/tcp/1 --data /d get shoal:x -o out --timeout 1.5 --peer /dns4/a/tcp/2')
  assert.deepEqual(get, {
    ...get,
    name: 'get',
    link: 'shoal:x',
    directory: '/here/out',
    giveUpAfterMs: 1500,
    manyFiles: false
  })
  assert.deepEqual(get.peers, ['/ip4/1.2.3.4/tcp/1', '/dns4/a/tcp/2'])
  const many = parse('get x --many-files')
  assert.ok(many.name === 'get' && many.manyFiles)
  const plain = parse('get x')
  assert.ok(plain.name === 'get')
  assert.deepEqual([plain.directory, plain.giveUpAfterMs], ['/here', 60_000])
  const limited = parse(
    'get x --upload-limit 0 --download-limit 8000000 --reserve 5 --bootstrap /a --bootstrap /b --listen /c'
  )
  assert.deepEqual(limited.limits, { uploadBytesPerSecond: 0, downloadBytesPerSecond: 8e6, reserveBytes: 5 })
  assert.deepEqual([limited.bootstrap, limited.listen], [['/a', '/b'], ['/c']])
  const serve = parse('serve --port 0 --folder a --folder /b --no-open')
  assert.ok(serve.name === 'serve')
  assert.deepEqual([serve.port, serve.folders, serve.open], [0, ['/here/a', '/b'], false])
  const bare = parse('serve')
  assert.ok(bare.name === 'serve')
  assert.deepEqual([bare.port, bare.folders.length, bare.open], [null, 1, true])
  for (const name of ['ls', 'peers', 'transfers', 'info'] as const) assert.equal(parse(name).name, name)
  for (const name of ['remove', 'verify'] as const) {
    const asked = parse(`${name} ${ROOT.toUpperCase().replace(/^B/, 'B')}`)
    assert.ok(asked.name === name)
    assert.equal(asked.root, ROOT, 'one text form')
  }
})

test('the network is the flag, else SHOAL_NETWORK, else the saved choice', () => {
  const env = { SHOAL_NETWORK: 'loopback' }
  assert.deepEqual([parse('ls').network, parse('ls').isNetworkFlag], [null, false])
  assert.deepEqual([parse('ls', env).network, parse('ls', env).isNetworkFlag], ['loopback', false])
  assert.equal(parse('ls --network lan', env).network, 'lan')
  assert.equal(parse('ls', { SHOAL_NETWORK: '' }).network, null)
  assert.throws(() => parse('ls', { SHOAL_NETWORK: 'moon' }), { code: 'usage' })
  assert.equal(parse('ls --network internet', { SHOAL_NETWORK: 'moon' }).network, 'internet')
})

test('the data directory is the flag, else SHOAL_DATA, else the system’s place', () => {
  assert.equal(parse('ls --data x', { SHOAL_DATA: '/y' }).dataDir, '/here/x')
  assert.equal(parse('ls', { SHOAL_DATA: 'y' }).dataDir, '/here/y')
  assert.equal(parse('ls', { XDG_DATA_HOME: '/xdg' }).dataDir, defaultDataDir({ XDG_DATA_HOME: '/xdg' }))
  assert.equal(defaultDataDir({ XDG_DATA_HOME: '/xdg' }, 'linux', '/home/a'), '/xdg/shoal')
  assert.equal(defaultDataDir({ XDG_DATA_HOME: 'relative' }, 'linux', '/home/a'), '/home/a/.local/share/shoal')
  assert.equal(defaultDataDir({}, 'darwin', '/Users/a'), '/Users/a/Library/Application Support/Shoal')
  assert.match(defaultDataDir({ LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\a'), /^C:\\L.Shoal$/)
})

test('what is wrong is one sentence with the code usage', () => {
  const wrong = ['', 'moon', 'share', 'get', 'get a b', 'ls extra', 'ls --port 1', 'remove', 'share --nope x', 'ls --network moon', 'ls --network', 'get x --timeout soon', 'get x --timeout -1', 'get x --timeout 1e9', 'get x --upload-limit 1.5', 'get x --reserve -1', 'get x --peer 1.2.3.4', 'serve --port 70000', 'serve --port x'] // prettier-ignore
  for (const text of wrong) {
    assert.throws(() => parse(text), (error: unknown) => {
      assert.ok(error instanceof CodedError && error.code === 'usage', `${text}: ${String(error)}`)
      assert.match(error.message, /^[A-Z][^\n]*[.?)]$/, text)
      return true
    }) // prettier-ignore
  }
  assert.throws(() => parse('remove nonsense'), { code: 'invalid-link' })
  assert.throws(() => parse(`get ${'x'.repeat(9000)}`), { code: 'invalid-link' })
  assert.throws(() => parseArgs(['get', ' '], around()), { code: 'invalid-link' })
})

test('any arguments at all are understood or refused', () => {
  const word = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('share', 'get', 'ls', '--json', '--data', '-o', '--', '--peer', '/ip4', '--help', '--version', '-V', ROOT)) // prettier-ignore
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      try {
        parseArgs(words, around())
      } catch (error) {
        assert.ok(error instanceof CodedError, String(error))
      }
    }),
    { numRuns: 300 }
  )
})

test('help and version are told, not done', () => {
  const help = parseArgs(['--help'], around())
  assert.ok(help.name === 'told')
  for (const word of ['share', 'get', 'serve', 'transfers', '--network', '--json'])
    assert.ok(help.text.includes(word), word)
  const own = parseArgs(['get', '--help'], around())
  assert.ok(own.name === 'told' && own.text.includes('--timeout'))
  assert.deepEqual(parseArgs(['--version'], around()), { name: 'told', text: '1.2.3\n' })
})

test('every command is known as one, and nothing else is', () => {
  const told = parseArgs(['--help'], around())
  const help = told.name === 'told' ? told.text : ''
  for (const name of ['share', 'get', 'serve', 'ls', 'peers', 'transfers', 'info', 'remove', 'verify']) {
    assert.deepEqual(findCommand([name]), [name])
    assert.match(help, new RegExp(`^  ${name}\\b`, 'm'))
  }
  const listed = [...help.matchAll(/^  ([a-z]+) /gm)].map(([, name = '']) => name)
  assert.ok(listed.length >= 9 && listed.every(name => findCommand([name]) != null), listed.join(' '))
  for (const other of [[], ['shoal:bafy'], ['a.shoal'], ['--data', 'share'], ['shoal:bafy', 'ls'], ['--', 'a.shoal']])
    assert.equal(findCommand(other), undefined)
})

test('a command behind options, and behind a launcher that keeps Chromium’s switches apart', () => {
  for (const args of [
    ['--json', 'ls'],
    ['--data', 'share', 'share', 'F'],
    ['--data=D', '--network', 'lan', 'get', 'shoal:x']
  ])
    assert.deepEqual(findCommand(args), args)
  const launched = (...args: string[]) => ['--ozone-platform=headless', '--disable-gpu', '--', ...args]
  assert.deepEqual(findCommand(launched('--json', 'ls')), ['--json', 'ls'])
  assert.deepEqual(findCommand(launched('share', '--', '-odd')), ['share', '--', '-odd'])
  assert.deepEqual(findCommand(['share', '--', 'ls']), ['share', '--', 'ls'], 'a file of that name')
  assert.equal(findCommand(launched('shoal:bafy')), undefined)
})
