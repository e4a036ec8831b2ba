// Imported before a Shoal: no TLS socket can be made in it, so its self-tests fail and it offers noise only, a moment after its start.

import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

function refuse() {
  throw new Error('TLS was taken away')
}
Object.assign(tls, { TLSSocket: refuse, connect: refuse, createServer: refuse })
syncBuiltinESMExports()
