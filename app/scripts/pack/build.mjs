// Runs the builder for one system, up to the folder that an installer would be made of. Nothing is fetched, signed or published.
import path from 'node:path'
import { Arch, build, log, Platform } from 'electron-builder'
import { LinuxTargetHelper } from 'app-builder-lib/out/targets/LinuxTargetHelper.js'

const PLATFORMS = { linux: Platform.LINUX, win: Platform.WINDOWS, mac: Platform.MAC }

/** What the builder says is shown only when it fails. */
const said = []
log.stream = { write: text => said.push(text) }

/** What the builder writes into installers only, whose tools it would have to fetch: the text of the entry in the desktop's menu. */
async function desktopEntryOf(packager) {
  const helper = new LinuxTargetHelper(packager)
  return await helper.computeDesktopEntry(packager.platformSpecificBuildOptions)
}

/**
 * @param {{ root: string, system: 'linux' | 'win' | 'mac', archs?: string[], electronDist: string, output: string }} options
 * @returns {Promise<{ system: string, arch: string, dir: string, desktopEntry?: string }[]>}
 */
export async function packFolders({ root, system, archs = ['x64', 'arm64'], electronDist, output }) {
  const packed = []
  said.length = 0
  const afterPack = async ({ appOutDir, arch, packager }) => {
    const desktopEntry = system === 'linux' ? await desktopEntryOf(packager) : undefined
    packed.push({ system, arch: Arch[arch], dir: appOutDir, desktopEntry })
  }
  try {
    await build({
      projectDir: root,
      targets: PLATFORMS[system].createTarget('dir', ...archs.map(arch => Arch[arch])),
      publish: 'never',
      config: { electronDist, afterPack, directories: { output: path.join(output, system) } }
    })
  } catch (error) {
    throw new Error(`the builder failed for ${system}: ${error.message}\n${said.join('')}`, { cause: error })
  }
  return packed
}
