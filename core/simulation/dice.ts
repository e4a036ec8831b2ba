// Everything that a simulated run leaves to chance, from one number.
import { createRandom } from '../fetch/random.ts'

/** The same throws for the same seed. Parts that roll independently have dice of their own (`fork`), so that one more throw here changes nothing there. */
export class Dice {
  readonly #seed: number
  readonly #random: () => number
  #forks = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#random = createRandom(seed)
  }

  /** In [0, 1). */
  next(): number {
    return this.#random()
  }

  /** An integer in [least, most]. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** In [least, most), small ones as likely as big ones by order of magnitude; both above 0. */
  scale(least: number, most: number): number {
    return least * (most / least) ** this.next()
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of these; there must be one. */
  pick<T>(items: readonly T[]): T {
    const found = items[this.int(0, items.length - 1)]
    if (items.length === 0) throw new Error('There is nothing to pick from')
    return found as T // the index is one of the array
  }

  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights) as [K, number][] // the keys of the record
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) if ((left -= weight) < 0) return key
    throw new Error('Nothing has any weight')
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.int(0, 255)
    return bytes
  }

  /** Others, that roll the same whatever happens to these. */
  fork(): Dice {
    return new Dice((Math.imul(this.#seed ^ ++this.#forks, 0x9e3779b1) ^ (this.#forks << 16)) >>> 0)
  }
}
