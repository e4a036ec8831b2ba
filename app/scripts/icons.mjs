// Draws every icon the systems want from the fish of renderer/public/mark.svg, with Chromium, into main/resources. `npm run icons`; the
// results are committed, because a build must not need a browser.
import fs from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { ensureChromium } from './chromium.mjs'
import { icnsOf, icoOf } from './icon-files.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const resources = path.join(root, 'main/resources')
const MARK = fs.readFileSync(path.join(root, 'renderer/public/mark.svg'), 'utf8')
const [, FISH] = / d="([^"]+)"/.exec(MARK) ?? []
if (FISH == null) throw new Error('renderer/public/mark.svg has no fish with a path.')

const EYE = 'M24.5 6.3a0.9 0.9 0 1 1 -1.8 0a0.9 0.9 0 1 1 1.8 0Z' // a hole, on sizes where it is a pixel or more
const SEA_TOP = [24, 160, 136]
const SEA_BOTTOM = [15, 125, 105]
const FOAM = '#f2fbf8'
const ON_ANY_PANEL = '#16a088' // 3 : 1 or better on white and on black

/** The ring of fish, `share` of the canvas wide. */
function ring({ fill, share, eyes }) {
  const d = eyes ? `${FISH}${EYE}` : FISH
  const fish = [0, 120, 240].map(turn => `<path d="${d}" transform="rotate(${turn} 16 16)"/>`).join('')
  const inset = `translate(16 16) scale(${share}) translate(-16 -16)`
  return `<g transform="${inset}" fill="${fill}" fill-rule="evenodd">${fish}</g>`
}

/** The application's icon: foam on a tile of sea. Small ones have a bigger ring without eyes; Apple's grid leaves a margin round the tile. */
function tile({ size, margin = 0 }) {
  const side = 32 - 2 * margin
  const isSmall = size <= 48
  return `<defs><linearGradient id="sea" x2="0" y2="1">${seaStops()}</linearGradient></defs>
    <rect x="${margin}" y="${margin}" width="${side}" height="${side}" rx="${side * 0.225}" fill="url(#sea)"/>
    ${ring({ fill: FOAM, share: (side / 32) * (isSmall ? 0.86 : 0.76), eyes: !isSmall })}`
}

/** As many steps as there are colours between top and bottom: a smooth run would be dithered, and three times as large. */
function seaStops() {
  const steps = SEA_TOP[1] - SEA_BOTTOM[1]
  const colour = step =>
    SEA_TOP.map((top, i) => Math.round(top + ((SEA_BOTTOM[i] - top) * step) / (steps - 1))).join(' ')
  const stops = Array.from({ length: steps }, (_, step) =>
    [step, step + 1].map(edge => `<stop offset="${edge / steps}" stop-color="rgb(${colour(step)})"/>`)
  )
  return stops.flat().join('')
}

/** For bars and trays: the ring alone. */
const bare = fill => ring({ fill, share: 1, eyes: false })

const isRoot = process.getuid?.() === 0
const flags = ['--disable-quic', '--disable-background-networking', '--disable-component-update', '--no-first-run']
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: isRoot ? [...flags, '--no-sandbox'] : flags
})
const page = await browser.newPage()

async function draw(size, drawing) {
  await page.setViewportSize({ width: size, height: size })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="${size}" height="${size}" style="display:block">${drawing}</svg>`
  await page.setContent(`<body style="margin:0">${svg}`)
  return await page.screenshot({ omitBackground: true })
}

/** @returns {Promise<Map<number, Buffer>>} */
async function drawAll(sizes, drawingOf) {
  const drawn = new Map()
  for (const size of sizes) drawn.set(size, await draw(size, drawingOf(size)))
  return drawn
}

function write(name, bytes) {
  const file = path.join(resources, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, bytes)
  console.log(`${String(bytes.length).padStart(6)}  main/resources/${name}`)
}

const tiles = await drawAll([16, 24, 32, 48, 64, 128, 256, 512], size => tile({ size }))
for (const [size, png] of tiles) write(`icons/${size}x${size}.png`, png)
write('icon.png', tiles.get(512))
write('icon.ico', icoOf(new Map([...tiles].filter(([size]) => size <= 256))))
write('icon.icns', icnsOf(await drawAll([16, 32, 64, 128, 256, 512, 1024], size => tile({ size, margin: 3 }))))

const trays = await drawAll([16, 20, 24, 32, 48], () => bare(ON_ANY_PANEL))
write('tray.png', trays.get(24))
write('tray@2x.png', trays.get(48))
write('tray.ico', icoOf(trays))
write('trayTemplate.png', await draw(18, bare('#000')))
write('trayTemplate@2x.png', await draw(36, bare('#000')))
await browser.close()
