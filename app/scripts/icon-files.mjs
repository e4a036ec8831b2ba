// The containers of icons, Windows' .ico and Apple's .icns: both are a table and PNG files as they are. Written and read back.

const ICO_HEADER = 6
const ICO_ENTRY = 16
const ICNS_HEADER = 8

/** Apple's name of a picture of so many pixels; from 32 on the name that says twice as sharp, which serves the plain use as well. */
const ICNS_TYPES = { 16: 'icp4', 32: 'ic11', 64: 'ic12', 128: 'ic07', 256: 'ic13', 512: 'ic14', 1024: 'ic10' }

/** @param {Map<number, Buffer>} pngs by size in pixels, at most 256 */
export function icoOf(pngs) {
  const table = Buffer.alloc(ICO_HEADER + ICO_ENTRY * pngs.size)
  table.writeUInt16LE(1, 2) // an icon, not a cursor
  table.writeUInt16LE(pngs.size, 4)
  let entry = ICO_HEADER
  let offset = table.length
  for (const [size, png] of pngs) {
    table.writeUInt8(size % 256, entry) // 0 means 256
    table.writeUInt8(size % 256, entry + 1)
    table.writeUInt16LE(1, entry + 4) // planes
    table.writeUInt16LE(32, entry + 6) // bits a pixel
    table.writeUInt32LE(png.length, entry + 8)
    table.writeUInt32LE(offset, entry + 12)
    entry += ICO_ENTRY
    offset += png.length
  }
  return Buffer.concat([table, ...pngs.values()])
}

/** @param {Map<number, Buffer>} pngs by size in pixels, of those Apple has a name for */
export function icnsOf(pngs) {
  const chunks = [...pngs].flatMap(([size, png]) => [icnsHead(ICNS_TYPES[size], png.length), png])
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return Buffer.concat([icnsHead('icns', length), ...chunks])
}

function icnsHead(type, length) {
  const head = Buffer.alloc(ICNS_HEADER)
  head.write(type, 'latin1')
  head.writeUInt32BE(length + ICNS_HEADER, 4)
  return head
}

/** The widths of the pictures in an .ico, as the pictures themselves say. */
export function icoSizes(bytes) {
  if (bytes.readUInt16LE(2) !== 1) throw new Error('not an .ico')
  const at = index => bytes.readUInt32LE(ICO_HEADER + ICO_ENTRY * index + 12)
  return Array.from({ length: bytes.readUInt16LE(4) }, (_, index) => pngSize(bytes.subarray(at(index))))
}

/** The same for an .icns. */
export function icnsSizes(bytes) {
  if (bytes.toString('latin1', 0, 4) !== 'icns' || bytes.readUInt32BE(4) !== bytes.length)
    throw new Error('not an .icns')
  const sizes = []
  for (let at = ICNS_HEADER; at < bytes.length; at += bytes.readUInt32BE(at + 4)) {
    sizes.push(pngSize(bytes.subarray(at + ICNS_HEADER)))
  }
  return sizes
}

/** The width of a square PNG. */
export function pngSize(bytes) {
  if (bytes.toString('latin1', 1, 4) !== 'PNG') throw new Error('not a PNG')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  if (width !== height) throw new Error(`${width} by ${height} is not square`)
  return width
}
