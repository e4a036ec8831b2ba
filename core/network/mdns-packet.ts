// The two DNS packets of libp2p's mDNS discovery (libp2p specs, discovery/mdns.md; RFC 1035 section 4, RFC 6762): who is there, and I am, at these addresses.
// Whatever a stranger on the network sends is parsed here, once, into one of the two or nothing.

const SERVICE = '_p2p._udp.local'
const PREFIX = 'dnsaddr='
const TYPE_PTR = 12
const TYPE_TXT = 16
const TYPE_ANY = 255
const CLASS_IN = 1
const HEADER_BYTES = 12
const TTL_SECONDS = 120
/** A packet that fits an Ethernet frame with IPv4 and UDP headers; larger ones may be lost whole. */
export const MAX_PACKET_BYTES = 1400
const MAX_QUESTIONS = 32
const MAX_RECORDS = 64
const MAX_NAME_BYTES = 255 // RFC 1035, 2.3.4
const MAX_TXT_BYTES = 255

export type MdnsPacket =
  | { type: 'query' }
  /** Multiaddrs as text, not yet looked at; each is said to end in /p2p/. */
  | { type: 'answer'; addrs: string[] }

/** Asks everybody on the network. */
export function encodeQuery(): Uint8Array {
  return Buffer.concat([
    header({ flags: 0, questions: 1, answers: 0 }),
    nameBytes(SERVICE),
    u16(TYPE_PTR),
    u16(CLASS_IN)
  ])
}

/** `peerName` is one DNS label, at most 63 characters, no dot. Addresses beyond what fits one packet are left out. */
export function encodeAnswer(peerName: string, addrs: readonly string[]): Uint8Array {
  const instance = `${peerName}.${SERVICE}`
  const records = [record(SERVICE, TYPE_PTR, nameBytes(instance))]
  let size = HEADER_BYTES + (records[0]?.byteLength ?? 0)
  for (const addr of addrs) {
    const text = Buffer.from(PREFIX + addr)
    if (text.byteLength > MAX_TXT_BYTES) continue
    const txt = record(instance, TYPE_TXT, Buffer.concat([Uint8Array.of(text.byteLength), text]))
    if (size + txt.byteLength > MAX_PACKET_BYTES) break
    size += txt.byteLength
    records.push(txt)
  }
  return Buffer.concat([header({ flags: 0x8400, questions: 0, answers: records.length }), ...records])
}

/** Total: undefined for anything that is neither, however it is malformed. */
export function parseMdns(bytes: Uint8Array): MdnsPacket | undefined {
  try {
    const reader = new Reader(bytes)
    reader.skip(2)
    const isAnswer = (reader.u16() & 0x8000) !== 0
    const questions = reader.u16()
    const records = reader.u16() + reader.u16() + reader.u16()
    if (!isAnswer) return isForUs(reader, questions) ? { type: 'query' } : undefined
    if (questions > 0 || records > MAX_RECORDS) return undefined
    return parseAnswer(reader, records)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function isForUs(reader: Reader, questions: number): boolean {
  if (questions > MAX_QUESTIONS) return false
  for (let i = 0; i < questions; i++) {
    const name = reader.name()
    const type = reader.u16()
    reader.skip(2) // class; its top bit asks for a unicast answer, which we do not give
    if (name === SERVICE && (type === TYPE_PTR || type === TYPE_ANY)) return true
  }
  return false
}

function parseAnswer(reader: Reader, records: number): MdnsPacket | undefined {
  const instances = new Set<string>()
  const texts: { owner: string; text: string }[] = []
  for (let i = 0; i < records; i++) {
    const owner = reader.name()
    const type = reader.u16()
    reader.skip(2)
    const ttl = reader.u32()
    const end = reader.u16() + reader.at
    if (type === TYPE_PTR && owner === SERVICE && ttl > 0) instances.add(reader.name())
    if (type === TYPE_TXT) while (reader.at < end) texts.push({ owner, text: reader.text() })
    reader.seek(end)
  }
  const addrs = texts.filter(({ owner, text }) => instances.has(owner) && text.startsWith(PREFIX))
  return addrs.length === 0 ? undefined : { type: 'answer', addrs: addrs.map(({ text }) => text.slice(PREFIX.length)) }
}

/** Throws RangeError past the end, as DataView does. */
class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  skip(count: number): void {
    this.at += count
  }

  seek(at: number): void {
    this.at = at
  }

  u16(): number {
    this.at += 2
    return this.#view.getUint16(this.at - 2)
  }

  u32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4)
  }

  /** One length-prefixed string. */
  text(): string {
    const length = this.#view.getUint8(this.at)
    return this.#take(this.at + 1, length)
  }

  /** Labels joined by dots, in lower case; compression pointers only lead back, so there is no loop. */
  name(): string {
    const labels: string[] = []
    let size = 0
    let after: number | undefined
    let limit = this.at
    while (true) {
      const length = this.#view.getUint8(this.at)
      if ((length & 0xc0) === 0xc0) {
        const target = this.u16() & 0x3fff
        after ??= this.at
        if (target >= limit) throw new RangeError('A name that points forward')
        limit = target
        this.at = target
        continue
      }
      if ((length & 0xc0) !== 0) throw new RangeError('An unknown kind of label')
      size += length + 1
      if (size > MAX_NAME_BYTES) throw new RangeError('A name that is too long')
      const label = this.#take(this.at + 1, length)
      if (length === 0) break
      labels.push(label)
    }
    if (after != null) this.at = after
    return labels.join('.').toLowerCase()
  }

  #take(start: number, length: number): string {
    if (start + length > this.#bytes.byteLength) throw new RangeError('Past the end')
    this.at = start + length
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('latin1')
  }
}

function header({ flags, questions, answers }: { flags: number; questions: number; answers: number }): Uint8Array {
  return Buffer.concat([u16(0), u16(flags), u16(questions), u16(answers), u16(0), u16(0)])
}

function record(owner: string, type: number, data: Uint8Array): Uint8Array {
  const ttl = Buffer.alloc(4)
  ttl.writeUInt32BE(TTL_SECONDS)
  return Buffer.concat([nameBytes(owner), u16(type), u16(CLASS_IN), ttl, u16(data.byteLength), data])
}

function nameBytes(name: string): Uint8Array {
  const labels = name.split('.').map(label => Buffer.from(label, 'latin1'))
  return Buffer.concat([...labels.flatMap(label => [Uint8Array.of(label.byteLength), label]), Uint8Array.of(0)])
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}
