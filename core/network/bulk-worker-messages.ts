// What the thread of bulk links is told and what it tells. Leaves change hands without being copied. A link's number is given by whoever tells, once.

/** The certificate this side shows, made for this run, and its key (PEM): all that the thread knows of who we are. */
export interface BulkIdentity {
  readonly cert: string
  readonly key: string
}

/** `certificate`: SHA-256 of the one the other side must show, in hex. */
export type BulkOrder =
  | {
      readonly kind: 'accept'
      readonly link: number
      /** Where to listen. */
      readonly host: string
      /** Who may come: an IP address. */
      readonly remote: string
      readonly certificate: string
      readonly token: Uint8Array
    }
  | {
      readonly kind: 'dial'
      readonly link: number
      readonly host: string
      readonly port: number
      readonly certificate: string
      readonly token: Uint8Array
    }
  | {
      readonly kind: 'send'
      readonly link: number
      readonly request: number
      readonly ordinal: number
      readonly bytes: Uint8Array<ArrayBuffer>
    }
  /** A leaf of so many bytes that came was taken over. */
  | { readonly kind: 'taken'; readonly link: number; readonly bytes: number }
  | { readonly kind: 'close'; readonly link: number }

export type BulkNews =
  | { readonly kind: 'listening'; readonly link: number; readonly port: number }
  | { readonly kind: 'up'; readonly link: number }
  /** A leaf of so many bytes was taken by the system. */
  | { readonly kind: 'sent'; readonly link: number; readonly bytes: number }
  | {
      readonly kind: 'leaf'
      readonly link: number
      readonly request: number
      readonly ordinal: number
      readonly bytes: Uint8Array<ArrayBuffer>
    }
  /** So many more bytes of a leaf that takes its time. */
  | {
      readonly kind: 'coming'
      readonly link: number
      readonly request: number
      readonly ordinal: number
      readonly bytes: number
    }
  /** Last of a link, unless it was closed by order. */
  | { readonly kind: 'ended'; readonly link: number; readonly why: string }
