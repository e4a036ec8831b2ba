// What a leaf thread is asked and what it answers. Bytes change hands without being copied.

export type LeafTask =
  | {
      readonly kind: 'read'
      readonly id: number
      readonly fd: number
      readonly offset: number
      readonly length: number
    }
  | {
      readonly kind: 'write'
      readonly id: number
      readonly fd: number
      readonly offset: number
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly digest: Uint8Array
    }

/** `errno`: the system's code, as ENOSPC. Bytes are shorter than asked for where the file ends. */
export type LeafResult =
  | { readonly kind: 'read'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: Uint8Array }
  | { readonly kind: 'write'; readonly id: number; readonly isRight: boolean }
  | { readonly kind: 'failed'; readonly id: number; readonly errno: string }
