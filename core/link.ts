// The share link: parsed by one total function into a typed value, written by another. A link only names a root; whatever
// else it says are hints from a stranger, dropped when malformed and never trusted.
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { parseRoot, rootText } from './cid.ts'
import { CodedError } from './errors.ts'

export interface ShareLink {
  root: CID
  /** The name a stranger gave it, never empty; clean it before it touches a disk. */
  name?: string
  sizeBytes?: number
  /** Multiaddrs in text form, each ending in /p2p/<peer ID>. */
  addrs: string[]
}

const MAX_LINK_CHARS = 4096
const MAX_ADDRS_READ = 16
const MAX_ADDRS_WRITTEN = 8

/** First character, in lower case, of the multibases whose letters may change case: host names do (multibase table). */
const CASE_INSENSITIVE_BASES = 'bcvthkf970'

/**
 * Reads a link, or any of the forms accepted in its place: a CID, `ipfs://`, `/ipfs/`, or an https gateway's address.
 * Total: for any text it returns or throws `invalid-link` or `unsupported-cid`.
 */
export function parseLink(text: string): ShareLink {
  const link = text.trim() // also drops a byte order mark: a share file may begin with one
  if (link.length > MAX_LINK_CHARS) throw invalid('This link is longer than any link can be')

  const shoal = /^shoal:(\/\/)?([^?#]*)(?:\?([^#]*))?/is.exec(link)
  if (shoal != null) {
    const [, slashes, cid = '', query = ''] = shoal
    return {
      root: slashes == null ? parseRoot(cid) : parseHostRoot(cid.replace(/\/$/, '')),
      ...parseHints(query)
    }
  }
  const subdomain = /^https:\/\/([^./?#\\\s]+)\.ipfs\.[^/?#\\\s]+\/?(?:[?#].*)?$/is.exec(link)
  if (subdomain != null) return { root: parseHostRoot(subdomain[1] ?? ''), addrs: [] }

  const path = /^(?:ipfs:\/\/|https:\/\/[^/?#\\\s]+\/ipfs\/|\/ipfs\/)([^/?#]+)(\/[^?#]+)?/i.exec(link)
  if (path != null) {
    if (path[2] != null) throw invalid('This names a file inside of something shared: use the link of the whole')
    return { root: parseRoot(path[1] ?? ''), addrs: [] }
  }
  if (/[:?]/.test(link)) throw invalid('This is not a link Shoal knows: it begins with "shoal:"')
  return { root: parseRoot(link), addrs: [] }
}

/**
 * Writes a link of at most 4,096 characters, with at most 8 addresses. What does not fit is left out: addresses from the
 * last one on; the name only if there would be no room for it even without them.
 */
export function formatLink(link: ShareLink): string {
  let text = `shoal:${rootText(link.root)}`
  let separator = '?'
  const append = (key: string, value: string): void => {
    const pair = `${separator}${key}=${encodeURIComponent(value)}`
    if (text.length + pair.length > MAX_LINK_CHARS) return
    text += pair
    separator = '&'
  }
  if (link.name != null && link.name !== '') append('n', link.name.toWellFormed())
  if (link.sizeBytes != null) append('s', String(link.sizeBytes))
  for (const addr of link.addrs.slice(0, MAX_ADDRS_WRITTEN)) append('a', addr)
  return text
}

/** A CID that stood where host names stand, which browsers and systems put into lower case. */
function parseHostRoot(text: string): CID {
  const lowered = text.toLowerCase()
  if (!CASE_INSENSITIVE_BASES.includes(lowered.slice(0, 1)) || lowered === '') {
    throw invalid('This CID does not survive in a host name: write it as shoal:CID, without the slashes')
  }
  return parseRoot(lowered)
}

function parseHints(query: string): Omit<ShareLink, 'root'> {
  const hints: Omit<ShareLink, 'root'> = { addrs: [] }
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    const value = at === -1 ? undefined : decodeHint(pair.slice(at + 1))
    if (value == null) continue
    const key = pair.slice(0, at)
    if (key === 'n') hints.name ??= value
    if (key === 's' && isSize(value)) hints.sizeBytes ??= Number(value)
    if (key === 'a' && hints.addrs.length < MAX_ADDRS_READ) addAddr(hints.addrs, value)
  }
  return hints
}

/** Percent-decoded; undefined when it is empty or malformed. `+` stays a plus: links are written with encodeURIComponent. */
function decodeHint(value: string): string | undefined {
  try {
    const decoded = decodeURIComponent(value)
    return decoded !== '' && decoded.isWellFormed() ? decoded : undefined
  } catch {
    return undefined
  }
}

function isSize(value: string): boolean {
  return /^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value))
}

function addAddr(addrs: string[], value: string): void {
  const addr = normalizeAddr(value)
  if (addr != null && !addrs.includes(addr)) addrs.push(addr)
}

/** The multiaddr in its usual text form, or undefined when it is not one that ends in a valid peer ID. */
function normalizeAddr(text: string): string | undefined {
  try {
    const addr = multiaddr(multiaddr(text).bytes) // only the way through bytes looks at every value
    const last = addr.getComponents().at(-1)
    if (last?.code !== CODE_P2P || last.value == null) return undefined
    peerIdFromString(last.value)
    return addr.toString()
  } catch {
    return undefined
  }
}

function invalid(sentence: string): CodedError {
  return new CodedError('invalid-link', sentence)
}
