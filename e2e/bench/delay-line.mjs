// A line with a long way and a limited rate, for kernels that have no netem: passes TCP connections on, each byte late by DELAY and never more a second than
// RATE in each direction. node delay-line.mjs FROM_HOST TO_HOST TO_PORT DELAY_MS BYTES_PER_SECOND; prints {"event":"listening","port":N}
// What it cannot show is TCP's own congestion control on such a way: both of its connections are short.

import net from 'node:net'

const [fromHost, toHost, toPort, delayMs, bytesPerSecond] = process.argv
  .slice(2)
  .map((it, i) => (i < 2 ? it : Number(it)))
/** What is on its way and a little that waits for the line: more would be a router that queues for seconds. */
const MOST_BYTES = bytesPerSecond * (delayMs / 1000) + 262_144
const freeAt = { up: 0, down: 0 } // when the line has room again, milliseconds; one line for all connections

const server = net.createServer({ allowHalfOpen: true }, near => {
  const far = net.connect({ host: toHost, port: toPort, allowHalfOpen: true })
  carry(near, far, 'up')
  carry(far, near, 'down')
})
server.listen(0, fromHost, () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })))

function carry(from, to, way) {
  const onWay = [] // what arrives there, and when; in order, which timers of different lengths are not
  let bytesOnWay = 0
  let timer
  const arrive = () => {
    timer = undefined
    while (onWay.length > 0 && onWay[0].at <= performance.now()) {
      const { piece } = onWay.shift()
      if (piece == null) to.end()
      else if (!to.destroyed) to.write(piece)
      bytesOnWay -= piece?.length ?? 0
    }
    if (bytesOnWay <= MOST_BYTES) from.resume()
    if (onWay.length > 0) timer ??= setTimeout(arrive, onWay[0].at - performance.now())
  }
  const send = piece => {
    freeAt[way] = Math.max(freeAt[way], performance.now()) + ((piece?.length ?? 0) / bytesPerSecond) * 1000
    bytesOnWay += piece?.length ?? 0
    if (bytesOnWay > MOST_BYTES) from.pause()
    onWay.push({ piece, at: freeAt[way] + delayMs })
    timer ??= setTimeout(arrive, onWay[0].at - performance.now())
  }
  from.setNoDelay(true)
  from.on('data', send)
  from.on('end', () => send())
  from.on('error', () => to.destroy())
}
