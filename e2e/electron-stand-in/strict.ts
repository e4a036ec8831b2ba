// What the stand-in does not have throws, by name: it never silently works. And what it only pretends is written down.

import { EventEmitter } from 'node:events'

/** Thrown when something of Electron's is asked for that is not here. */
export const notImplemented = (name: string): Error => new Error(`stand-in: electron.${name} is not implemented`)

// Asked of any value by await, JSON, inspect and the debugger.
const ASKED_OF_ALL = new Set<PropertyKey>(['then', 'toJSON', 'constructor', 'inspect', 'nodeType', 'asymmetricMatch'])
const isAskedOfAll = (key: PropertyKey): boolean => typeof key === 'symbol' || ASKED_OF_ALL.has(key)

/** The same object, except that a member it has not throws. Members may be replaced, as tests do. */
export function strict<T extends object>(name: string, members: T): T {
  return new Proxy(members, {
    get(target, key, receiver) {
      if (key in target || isAskedOfAll(key)) return Reflect.get(target, key, receiver)
      throw notImplemented(`${name}.${String(key)}`)
    }
  })
}

/** For classes, a prototype that throws where EventEmitter's ends; `on` refuses events that are not in the list. */
export function strictEmitter(name: string, events: readonly string[]): new () => EventEmitter {
  const known = new Set<unknown>([...events, 'newListener', 'removeListener'])
  class StrictEmitter extends EventEmitter {}
  for (const method of ['on', 'once', 'addListener', 'prependListener'] as const) {
    const original = EventEmitter.prototype[method]
    const guarded = function (this: EventEmitter, ...args: Parameters<typeof original>) {
      if (!known.has(args[0])) throw notImplemented(`${name}: the event '${String(args[0])}'`)
      return Reflect.apply(original, this, args)
    }
    Object.defineProperty(StrictEmitter.prototype, method, { value: guarded, writable: true, configurable: true })
  }
  const end = new Proxy(EventEmitter.prototype, {
    get(target, key, receiver) {
      const isOwnBusiness = typeof key === 'string' && key.startsWith('_')
      if (key in target || isAskedOfAll(key) || isOwnBusiness) return Reflect.get(target, key, receiver)
      throw notImplemented(`${name}.${String(key)}`)
    }
  })
  Object.setPrototypeOf(StrictEmitter.prototype, end)
  return StrictEmitter
}

/** A list of names, written as one text. */
export const words = (text: string): string[] => text.trim().split(/\s+/)

export interface Cancellable {
  readonly defaultPrevented: boolean
  preventDefault(): void
}

/** Emits an event that a listener may prevent, and says whether one did. */
export function emitCancellable(emitter: EventEmitter, name: string, extra: object, ...args: unknown[]): boolean {
  let defaultPrevented = false
  const event: Cancellable = {
    get defaultPrevented() {
      return defaultPrevented
    },
    preventDefault: () => {
      defaultPrevented = true
    }
  }
  emitter.emit(name, Object.assign(event, extra), ...args)
  return defaultPrevented
}

export interface Recorded {
  readonly name: string
  readonly args: readonly unknown[]
}
/** What was asked for and has no effect here, in order. Tests on the stand-in alone may read it. */
export const recorded: Recorded[] = []
Object.assign(globalThis, { standIn: { recorded } })

export function record(name: string, ...args: unknown[]): void {
  recorded.push({ name, args })
}

/** Functions with no effect but that they are recorded, each giving what `answer` says. */
export const recordAs =
  <A extends unknown[], R>(name: string, answer: (...args: A) => R) =>
  (...args: A): R => {
    record(name, ...args)
    return answer(...args)
  }
