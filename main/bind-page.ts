// The one place where a message of the page is believed: from the top frame of our own window, showing our own page.
import type { IpcMain, IpcMainEvent, IpcMainInvokeEvent, MessagePortMain, WebContents, WebFrameMain } from 'electron'
import path from 'node:path'
import type { WindowService } from '../app/contract/service.ts'
import { windowContract } from '../app/contract/window-contract.ts'
import { toWire } from '../app/contract/wire-error.ts'
import { bindService } from '../app/engine/serve.ts'
import type { Log } from '../app/service/log.ts'
import { CodedError } from '../core/errors.ts'
import type { EngineHost } from './engine-host.ts'
import { joinPorts, pageWire } from './page-ports.ts'

const MAX_PATH_CHARS = 4096
const MAX_PORTS = 64 // open at once, of all pages that were: as many as the host has clients

export interface PageParts {
  readonly ipc: Pick<IpcMain, 'on' | 'handle'>
  readonly contents: () => WebContents | undefined
  readonly origin: string
  readonly engine: EngineHost
  readonly service: WindowService
  readonly log: Log
}

export function bindPage({ ipc, contents, origin, engine, service, log }: PageParts): void {
  const rpc = bindService(windowContract, service, (call, error) =>
    log.error(`call.${call.replaceAll('/', '.')}.failed`, error)
  )
  const onNonsense = (): void => log.error('page.nonsense', new CodedError('usage', 'Neither text nor a receipt'))
  const isOurs = ({ sender, senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    sender === contents() && isPage(senderFrame, origin)

  let openPorts = 0
  ipc.on('shoal:connect', (event, to: unknown) => {
    const [port] = event.ports
    if (port == null) return
    const isWelcome = isOurs(event) && (to === 'engine' || to === 'window')
    if (!isWelcome || openPorts >= MAX_PORTS) {
      log.error(
        'page.refused',
        new CodedError('forbidden', isWelcome ? 'Too many ports' : 'A port from somewhere else')
      )
      return port.close()
    }
    openPorts++
    port.on('close', () => openPorts--)
    if (to === 'window') rpc.serve(pageWire(port, onNonsense), 'window')
    else void joinEngine(port)
  })
  const joinEngine = async (port: MessagePortMain): Promise<void> => {
    const inside = await engine.connect()
    if (inside == null) return port.close()
    joinPorts(port, inside, onNonsense)
  }

  ipc.handle('shoal:grant', async (event, file: unknown) => {
    try {
      const isPath = typeof file === 'string' && file.length <= MAX_PATH_CHARS && path.isAbsolute(file)
      if (!isOurs(event) || !isPath) throw new CodedError('forbidden', 'That is no file of this computer.')
      const { grants } = await engine.client.grant.paths({ paths: [file], use: 'read' })
      return { grant: grants[0] }
    } catch (error) {
      return { error: toWire(error) }
    }
  })
}

const isPage = (frame: WebFrameMain | null, origin: string): boolean =>
  frame != null && frame.parent == null && frame.url.startsWith(origin)
