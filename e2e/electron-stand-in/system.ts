// The smaller modules: clipboard, net, nativeImage, power.

import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { notImplemented, record, strict, strictEmitter, words } from './strict.ts'
import { webContents } from './web-contents.ts'

/** The same clipboard as the pages': one of them does it, so there must be one. */
async function onClipboard(call: string): Promise<unknown> {
  const page = webContents.getAllWebContents()[0]
  if (page == null) throw notImplemented('clipboard without a window')
  return page.onClipboard(call)
}
export const clipboard = strict('clipboard', {
  readText: async () => String(await onClipboard('readText()')),
  writeText: async (text: string) => void (await onClipboard(`writeText(${JSON.stringify(text)})`)),
  clear: async () => void (await onClipboard(`writeText('')`))
})

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain',
  '.ico': 'image/x-icon'
}
export const net = strict('net', {
  /** Files only. */
  fetch: async (input: string | URL | Request): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.startsWith('file:')) throw notImplemented(`net.fetch of ${new URL(url).protocol}`)
    const file = fileURLToPath(url)
    try {
      const { mtime } = await stat(file)
      const type = TYPES[path.extname(file).toLowerCase()] ?? 'application/octet-stream'
      return new Response(await readFile(file), {
        headers: { 'content-type': type, 'last-modified': mtime.toUTCString() }
      })
    } catch {
      throw new Error('net::ERR_FILE_NOT_FOUND')
    }
  },
  isOnline: () => true
})

interface ImageSize {
  readonly width: number
  readonly height: number
}
const PNG = Buffer.from('89504e470d0a1a0a', 'hex')
const NO_SIZE: ImageSize = { width: 0, height: 0 }

/** What a PNG says of itself; none when one of its chunks has not the checksum it says, which no decoder takes. */
function sizeOf(bytes: Buffer): ImageSize {
  if (!bytes.subarray(0, 8).equals(PNG)) return NO_SIZE
  for (let at = 8; at < bytes.length;) {
    const end = at + 8 + (at + 8 <= bytes.length ? bytes.readUInt32BE(at) : bytes.length)
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return NO_SIZE
    at = end + 4
  }
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
}

/** Bytes as they were read; the size is a PNG's own. Nothing is decoded or scaled. */
class NativeImage {
  readonly #bytes: Buffer
  readonly #size: ImageSize
  #isTemplate = false
  constructor(bytes: Buffer, size?: ImageSize) {
    this.#bytes = bytes
    this.#size = size ?? sizeOf(bytes)
  }
  isEmpty(): boolean {
    return this.#size.width === 0
  }
  getSize(): ImageSize {
    return { ...this.#size }
  }
  resize({ width, height }: Partial<ImageSize>): NativeImage {
    const ratio = this.#size.height / (this.#size.width || 1)
    const wide = width ?? Math.round((height ?? this.#size.height) / (ratio || 1))
    return new NativeImage(this.#bytes, { width: wide, height: height ?? Math.round(wide * ratio) })
  }
  toPNG(): Buffer {
    return this.#bytes
  }
  toDataURL(): string {
    return `data:image/png;base64,${this.#bytes.toString('base64')}`
  }
  get isMacTemplateImage(): boolean {
    return this.#isTemplate
  }
  isTemplateImage(): boolean {
    return this.#isTemplate
  }
  setTemplateImage(isTemplate: boolean): void {
    this.#isTemplate = isTemplate
  }
}
const readImage = (file: string): NativeImage => {
  try {
    return new NativeImage(readFileSync(file))
  } catch {
    return new NativeImage(Buffer.alloc(0)) // Electron too gives an empty image
  }
}
export const nativeImage = strict('nativeImage', {
  createEmpty: () => new NativeImage(Buffer.alloc(0)),
  createFromPath: readImage,
  createFromBuffer: (bytes: Buffer) => new NativeImage(bytes),
  createFromDataURL: (url: string) => new NativeImage(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
})

class PowerMonitor extends strictEmitter(
  'powerMonitor',
  words(`
  suspend resume on-ac on-battery shutdown lock-screen unlock-screen thermal-state-change
  speed-limit-change user-did-become-active user-did-resign-active
`)
) {
  isOnBatteryPower(): boolean {
    return false
  }
}
export const powerMonitor = new PowerMonitor()

const blockers = new Set<number>()
let last = 0
export const powerSaveBlocker = strict('powerSaveBlocker', {
  start: (type: string) => {
    if (!/^prevent-(app-suspension|display-sleep)$/.test(type))
      throw new TypeError(`Error processing argument: ${type}`)
    record('powerSaveBlocker.start', type)
    blockers.add(last)
    return last++
  },
  stop: (id: number) => blockers.delete(id),
  isStarted: (id: number) => blockers.has(id)
})
