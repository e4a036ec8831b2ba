// The page in a browser: a WebSocket to the host that served it, uploads and downloads through it.
import { Failure } from './client.ts'
import { type Connected, type DroppedFile, type Place, type Platform, Refused } from './platform.ts'
import { isCode } from './sentences.ts'

const TOKEN_KEY = 'shoal.token'
const AT_ONCE = 3

/** The token comes in the fragment, which no server sees, and leaves the address at once. It lives as long as the tab. */
function takeToken(): string | null {
  const given = /^#token=([\w-]{20,200})$/.exec(location.hash)?.[1]
  if (given != null) {
    sessionStorage.setItem(TOKEN_KEY, given)
    history.replaceState(null, '', location.pathname)
  }
  return sessionStorage.getItem(TOKEN_KEY)
}

export function browserPlatform(): Platform {
  let token = takeToken()
  addEventListener('hashchange', () => {
    token = takeToken()
  })
  const headers = (): Record<string, string> => ({ authorization: `Bearer ${token ?? ''}` })

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(path, { ...init, headers: headers() })
    if (response.ok) return response
    throw await failureFrom(response.status, await response.text())
  }

  return {
    copiesDropped: true,
    copy: async text => navigator.clipboard.writeText(text),
    desktop: null,
    async connect(signal) {
      if (token == null) throw new Refused()
      const socket = new WebSocket(`ws://${location.host}/rpc`, ['shoal.v1', `token.${token}`])
      if (await opens(socket, signal)) return { socket, ended: endOf(socket) } satisfies Connected
      const { status } = await fetch('/api/session', { headers: headers(), signal })
      throw status === 401 ? new Refused() : new Error('Not connected')
    },
    grantsFor: async (dropped, place, onProgress, signal) =>
      upload(await dropped.files(), place, ask, headers, onProgress, signal),
    async saveFile(root, index) {
      const response = await ask('/api/tickets', { method: 'POST', body: JSON.stringify({ root, index }) })
      const { url } = (await response.json()) as { url: string } // the host's own answer
      const anchor = document.createElement('a')
      anchor.href = url
      anchor.download = ''
      anchor.click()
    }
  }
}

type Ask = (path: string, init?: RequestInit) => Promise<Response>

async function upload(
  files: readonly DroppedFile[],
  place: Place | null,
  ask: Ask,
  headers: () => Record<string, string>,
  onProgress: (progress: { bytes: number; total: number }) => void,
  signal: AbortSignal
): Promise<string[]> {
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const body = JSON.stringify({ folder: place?.folder ?? 0, path: place?.path ?? [], bytes: total })
  const { id } = (await (await ask('/api/uploads', { method: 'POST', body, signal })).json()) as { id: string } // the host's own answer
  const at = `/api/uploads/${id}`
  const sent = new Map<DroppedFile, number>()
  const tell = (of: DroppedFile, bytes: number): void => {
    sent.set(of, bytes)
    onProgress({ bytes: [...sent.values()].reduce((sum, n) => sum + n, 0), total })
  }
  onProgress({ bytes: 0, total })
  try {
    const queue = [...files]
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next != null; next = queue.shift()) {
        const one = next
        const url = `${at}/${one.path.map(encodeURIComponent).join('/')}`
        await put(url, one.file, headers(), bytes => tell(one, bytes), signal)
        tell(one, one.file.size)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const done = await ask(at, { method: 'POST', signal })
    return ((await done.json()) as { grants: string[] }).grants // the host's own answer
  } catch (error) {
    await ask(at, { method: 'DELETE' }).catch(() => {}) // it forgets by itself, a little later
    throw error
  }
}

/** By XMLHttpRequest: fetch does not tell how much was sent. */
async function put(
  url: string,
  file: File,
  headers: Record<string, string>,
  onBytes: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  signal.throwIfAborted()
  const request = new XMLHttpRequest()
  const abort = (): void => request.abort()
  signal.addEventListener('abort', abort)
  try {
    await new Promise<void>((resolve, reject) => {
      request.open('PUT', url)
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
      request.upload.onprogress = event => onBytes(event.loaded)
      request.onload = () => {
        if (request.status < 300) resolve()
        else void failureFrom(request.status, request.responseText).then(reject)
      }
      request.onerror = () => reject(new Failure('internal', ''))
      request.onabort = () => reject(new Failure('cancelled', ''))
      request.send(file)
    })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function failureFrom(status: number, text: string): Promise<Failure> {
  try {
    const { code, message } = JSON.parse(text) as { code: unknown; message: unknown }
    if (isCode(code)) return new Failure(code, String(message))
  } catch {
    // not an answer of the host's own
  }
  return new Failure(status === 401 || status === 403 ? 'forbidden' : 'internal', '')
}

function opens(socket: WebSocket, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => socket.close(), { once: true })
    socket.addEventListener('open', () => resolve(true), { once: true })
    socket.addEventListener('close', () => resolve(false), { once: true })
  })
}

const endOf = (socket: WebSocket): Promise<void> =>
  new Promise(resolve => socket.addEventListener('close', () => resolve(), { once: true }))
