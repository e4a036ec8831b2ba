// What a Worker of the main process finds.
import { createCipheriv } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

const attempt = async work => {
  try {
    await work()
    return 'works'
  } catch (error) {
    return error.code ?? error.message
  }
}
parentPort.postMessage({
  electron: process.versions.electron,
  type: process.type,
  chacha: await attempt(() =>
    createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 })
  ),
  aes: await attempt(() => createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12))),
  import: await attempt(() => import('electron'))
})
