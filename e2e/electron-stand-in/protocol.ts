// `protocol`. Chromium has no schemes of ours, so it is given https://HOST.SCHEME.stand-in.test/ for SCHEME://HOST/: a
// secure context of its own origin, as a standard secure scheme is. No such address is ever looked up: every request for
// one is answered here. The main process sees only the real scheme; the page's own `location` shows the other.

import { app } from './app.ts'
import { strict } from './strict.ts'

export type ProtocolHandler = (request: Request) => Response | Promise<Response>
interface Privileged {
  readonly scheme: string
  readonly privileges?: Record<string, boolean>
}

const SUFFIX = '.stand-in.test'
export const INNER_PATTERN = `https://*${SUFFIX}/*`
const INNER = /^https:\/\/([^/]+)\.([a-z][a-z0-9+-]*)\.stand-in\.test(?=\/|$)/
const handlers = new Map<string, ProtocolHandler>()
const privileged = new Map<string, Record<string, boolean>>()

export const handlerOf = (scheme: string): ProtocolHandler | undefined => handlers.get(scheme)

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(schemes: readonly Privileged[]) {
    if (app.isReady()) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    for (const { scheme, privileges } of schemes) privileged.set(scheme, privileges ?? {})
  },
  handle(scheme: string, handler: ProtocolHandler) {
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`)
    const { standard, secure } = privileged.get(scheme) ?? {}
    if (!standard || !secure)
      throw new Error(`stand-in: the scheme ${scheme} must be registered as standard and secure`)
    handlers.set(scheme, handler)
  },
  unhandle(scheme: string) {
    if (!handlers.delete(scheme)) throw new Error(`Failed to unhandle protocol: ${scheme}`)
  },
  isProtocolHandled: (scheme: string) => handlers.has(scheme)
})

/** The address Chromium is given for one of ours. */
export function toInner(outer: string): string {
  const url = new URL(outer)
  const scheme = url.protocol.slice(0, -1)
  if (!handlers.has(scheme)) return outer
  return `https://${url.host}.${scheme}${SUFFIX}${url.pathname}${url.search}${url.hash}`
}

/** And back. */
export const toOuter = (inner: string): string => inner.replace(INNER, (_, host, scheme) => `${scheme}://${host}`)

/** Headers such as a content security policy may name our schemes. */
export function headerToInner(value: string): string {
  return value.replace(/\b([a-z][a-z0-9+-]*):\/\/([a-z0-9.-]+)/g, (whole, scheme: string) =>
    handlers.has(scheme) ? toInner(whole).replace(/\/$/, '') : whole
  )
}
