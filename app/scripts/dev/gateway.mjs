// Between the page of the development server and the host behind it. The host believes what it always does: its own Host and Origin and its own token. So this
// asks the same of the page first, with the development server's address and a token that outlives the host, and then writes the host's in their place.
import http from 'node:http'
import { doorOf, isBearer, refusal } from '../../host/guard.ts'

/**
 * @typedef {{ port: number, token: string }} Target
 * @param {string} token the page's
 * @param {() => Target | undefined} target undefined while there is no host
 */
export function createGateway(token, target) {
  const tokens = { cli: '', ui: token }

  function ask(request, to) {
    const { method, url } = request
    const headers = headersFor(request.headers, tokens, to)
    return http.request({ host: '127.0.0.1', port: to.port, method, path: url, headers })
  }

  return {
    /** Answers what the page asks by HTTP. */
    answer(request, response) {
      const refuse = (status, reason) => {
        request.resume()
        response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(reason)
      }
      const wrong = refusal(request.headers, request.socket.localPort, false)
      if (wrong != null) return refuse(wrong.status, wrong.reason)
      const to = target()
      if (to == null) return refuse(503, 'The host is being started')
      const asked = ask(request, to)
      asked.on('response', answer => {
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
      })
      asked.on('error', () => (response.headersSent ? response.destroy() : refuse(503, 'The host has ended')))
      response.on('close', () => asked.destroy())
      request.pipe(asked)
    },

    /** Joins a WebSocket of the page's with one of the host's. */
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      const refuse = (status, reason) =>
        socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      const wrong = refusal(request.headers, request.socket.localPort, false)
      if (wrong != null) return refuse(wrong.status, wrong.reason)
      const to = target()
      if (to == null) return refuse(503, 'The host is being started')
      const asked = ask(request, to)
      asked.on('upgrade', (answer, upstream, first) => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${rawHeaders(answer)}\r\n`)
        socket.write(first)
        upstream.write(head)
        upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
        socket.on('close', () => upstream.destroy())
        socket.pipe(upstream).pipe(socket)
      })
      asked.on('response', answer => refuse(answer.statusCode, answer.statusMessage))
      asked.on('error', () => socket.destroy())
      asked.end()
    }
  }
}

/** What the host is to read in place of what came. */
function headersFor(headers, tokens, to) {
  const host = `127.0.0.1:${to.port}`
  const out = { ...headers, host }
  if (headers.origin != null) out.origin = `http://${host}`
  if (isBearer(headers, tokens)) out.authorization = `Bearer ${to.token}`
  if (doorOf(headers, tokens) === 'ui')
    out['sec-websocket-protocol'] = headers['sec-websocket-protocol'].replace(`token.${tokens.ui}`, `token.${to.token}`)
  return out
}

function rawHeaders({ rawHeaders: all }) {
  let text = ''
  for (let at = 0; at < all.length; at += 2) text += `${all[at]}: ${all[at + 1]}\r\n`
  return text
}
