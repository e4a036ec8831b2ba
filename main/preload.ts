// All that the page gets from outside its sandbox: ports to talk over, and a grant for a file that was dropped or chosen. No path, no channel by name.
import { contextBridge, ipcRenderer, webUtils } from 'electron'

// this file runs beside the page, with the browser's globals
declare const window: { postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void }

contextBridge.exposeInMainWorld('shoal', {
  /** The port arrives as a message of the page's own window: it cannot cross the bridge. */
  connect(to: 'engine' | 'window'): void {
    const { port1, port2 } = new MessageChannel()
    ipcRenderer.postMessage('shoal:connect', to, [port2])
    window.postMessage({ shoalPort: to }, '*', [port1]) // to this window and no other
  },
  grant: async (file: File): Promise<unknown> => ipcRenderer.invoke('shoal:grant', webUtils.getPathForFile(file))
})
