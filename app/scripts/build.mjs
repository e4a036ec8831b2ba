// Bundles the application into out/: one file a thread, so that a start reads four files instead of two thousand; the window's process and its
// preload, and the page into out/ui. What of others went into them is told in out/THIRD-PARTY-NOTICES.txt.
import fs from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { build as buildPage } from 'vite'
import { notices } from './notices.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const out = path.join(root, 'out')
const version = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version

fs.mkdirSync(out, { recursive: true })
/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  platform: 'node',
  target: 'node24',
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
  external: ['electron'],
  define: { 'process.env.SHOAL_VERSION': JSON.stringify(version) }
}
const threads = await build({
  ...common,
  entryPoints: {
    cli: 'app/cli/main.ts',
    main: 'main/index.ts',
    'engine-worker': 'app/engine/engine-worker.ts',
    'hash-worker': 'core/files/hash-worker.ts',
    'leaf-worker': 'core/store/leaf-worker.ts',
    'bulk-worker': 'core/network/bulk-worker.ts'
  },
  outdir: out,
  format: 'esm',
  // packages that still call require() for Node's own modules
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"
  }
})
// a sandboxed preload is CommonJS in one file
const preload = await build({
  ...common,
  entryPoints: ['main/preload.ts'],
  outfile: path.join(out, 'preload.cjs'),
  format: 'cjs'
})
fs.cpSync(path.join(root, 'main/resources'), path.join(out, 'resources'), { recursive: true })
const page = await buildPage({ configFile: path.join(root, 'renderer/vite.config.ts') })
const files = [threads, preload].flatMap(({ metafile }) =>
  Object.values(metafile.outputs).flatMap(it => Object.keys(it.inputs))
)
const modules = page.output.flatMap(it => (it.type === 'chunk' ? it.moduleIds : []))
fs.writeFileSync(path.join(out, 'THIRD-PARTY-NOTICES.txt'), notices(root, [...files, ...modules]))
