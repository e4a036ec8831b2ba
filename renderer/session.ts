// A connection for as long as the page lives: opened, lost, opened again; feeds go on by themselves.
import { Failure, type RpcSocket } from './client.ts'
import { type Connected, Refused } from './platform.ts'
import { Store } from './store.ts'

const FIRST_WAIT_MS = 200
const MAX_WAIT_MS = 2_000
const FEED_WAIT_MS = 500

export type LinkState = 'connecting' | 'open' | 'lost' | 'refused'

export class Session<Client> {
  readonly state = new Store<LinkState>('connecting')
  readonly #connect: (signal: AbortSignal) => Promise<Connected>
  readonly #openClient: (socket: RpcSocket) => Client
  readonly #signal: AbortSignal
  #client: Client | undefined
  #opened = Promise.withResolvers<Client>()

  /** `connect` throws Refused when the door stays shut; anything else is tried again. */
  constructor(
    connect: (signal: AbortSignal) => Promise<Connected>,
    openClient: (socket: RpcSocket) => Client,
    signal: AbortSignal
  ) {
    this.#connect = connect
    this.#openClient = openClient
    this.#signal = signal
    void this.#run()
  }

  /** Throws Failure while there is no connection. */
  get client(): Client {
    if (this.#client == null) throw new Failure('lost', '')
    return this.#client
  }

  /** Hands every value of a feed to `take`, over all connections to come. `take` answers false when it wants the feed from its beginning. */
  follow<T>(
    open: (client: Client, options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>,
    receive: (value: T) => boolean | void
  ): void {
    void this.#follow(open, receive)
  }

  async #follow<T>(
    open: (client: Client, options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>,
    receive: (value: T) => boolean | void
  ): Promise<void> {
    while (!this.#signal.aborted) {
      const client = await this.#opened.promise
      const again = new AbortController()
      const signal = AbortSignal.any([this.#signal, again.signal])
      // an error: the connection ended, or the engine is stopping; the state says so
      await readAll(open(client, { signal }), receive).catch(() => {})
      again.abort()
      await delay(FEED_WAIT_MS)
    }
  }

  async #run(): Promise<void> {
    let wait = FIRST_WAIT_MS
    while (!this.#signal.aborted) {
      try {
        const { socket, ended } = await this.#connect(this.#signal)
        this.#client = this.#openClient(socket)
        this.#opened.resolve(this.#client)
        this.state.set('open')
        wait = FIRST_WAIT_MS
        await ended
        // the client hears of it by the same event, perhaps only now: whoever is told `lost` ends calls, which it must not try to send
        await delay(0)
        this.#client = undefined
        this.#opened = Promise.withResolvers()
        this.state.set('lost')
      } catch (error) {
        this.state.set(error instanceof Refused ? 'refused' : 'lost')
        if (error instanceof Refused) await hashChange()
      }
      await delay(wait)
      wait = Math.min(wait * 2, MAX_WAIT_MS)
    }
  }
}

async function readAll<T>(values: Promise<AsyncIterable<T>>, receive: (value: T) => boolean | void): Promise<void> {
  for await (const value of await values) if (receive(value) === false) return
}

const delay = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
/** Another address with a token may be opened in the same tab. */
const hashChange = (): Promise<void> =>
  new Promise(resolve => addEventListener('hashchange', () => resolve(), { once: true }))
