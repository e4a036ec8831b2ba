// Builds what people install, for the system it runs on, into release/: `npm run package`, every installer for x64 and arm64, or `-- --dir`, only the
// folder with the program for this computer. It fetches Electron and the tools of the installers; keys to sign with come from the environment
// (.github/workflows/release.yml names them).
import path from 'node:path'
import { parseArgs } from 'node:util'
import { build, Platform } from 'electron-builder'
import { linuxScripts } from './pack/linux-scripts.mjs'

const { values } = parseArgs({
  options: {
    dir: { type: 'boolean', default: false },
    signed: { type: 'boolean', default: false } // fail where it cannot be signed
  }
})
const system = Platform.current()
const projectDir = path.resolve(import.meta.dirname, '../..')

await build({
  projectDir,
  targets: values.dir ? system.createTarget('dir') : system.createTarget(),
  publish: 'never',
  config: { ...updateFeed(), ...linuxScripts(path.join(projectDir, 'out/linux')), forceCodeSigning: values.signed }
})

/** Updates come from the releases of the repository this is built for: OWNER/REPO, as GitHub's runners say it. Nobody's builds look for none. */
function updateFeed() {
  const [owner, repo] = (process.env.GITHUB_REPOSITORY ?? '').split('/')
  if (!owner || !repo) {
    console.log('No GITHUB_REPOSITORY is named: this build will not look for updates.')
    return { publish: null, extraMetadata: { homepage: 'https://shoal.invalid' } }
  }
  process.env.SHOAL_GITHUB_OWNER = owner
  process.env.SHOAL_GITHUB_REPO = repo
  return { extraMetadata: { homepage: `https://github.com/${owner}/${repo}` } }
}
