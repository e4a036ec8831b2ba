// The page's way to the main process, and what a sandboxed preload may do.
const { contextBridge, ipcRenderer, webUtils } = require('electron')

const attempt = name => {
  try {
    require(name)
    return 'works'
  } catch (error) {
    return error.message
  }
}
const heard = []
const listener = (_event, ...args) => heard.push(args)
ipcRenderer.on('port', event => window.postMessage('main port', '*', event.ports))

contextBridge.exposeInMainWorld('desktop', {
  facts: { type: process.type, sandboxed: process.sandboxed, electron: process.versions.electron },
  fs: attempt('fs'),
  invoke: (channel, value) => ipcRenderer.invoke(channel, value),
  listen: () => void ipcRenderer.on('said', listener),
  ignore: () => void ipcRenderer.off('said', listener),
  heard: () => heard,
  say: (...args) => ipcRenderer.send('say', ...args),
  pathOf: file => webUtils.getPathForFile(file),
  twice: callback => callback(2) * 2,
  fail: () => {
    throw new TypeError('not so')
  },
  again: () => contextBridge.exposeInMainWorld('desktop', {}),
  connect: name => {
    const { port1, port2 } = new MessageChannel()
    ipcRenderer.postMessage('connect', name, [port2])
    window.postMessage(`port ${name}`, '*', [port1])
  }
})
