// The plain status page: asks once a second and writes text, never markup, because names come from strangers.
const INTERVAL_MS = 1000
const at = id => document.getElementById(id)

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given) {
    sessionStorage.setItem('token', given)
    history.replaceState(null, '', '/') // out of the address bar and the history
  }
  return sessionStorage.getItem('token') ?? ''
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']
function size(bytes) {
  let unit = 0
  let value = bytes
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

function fill(table, rows, empty) {
  const lines = rows.length > 0 ? rows : [[empty]]
  table.replaceChildren(
    ...lines.map(cells => {
      const line = document.createElement('tr')
      for (const cell of cells) line.insertCell().textContent = cell
      return line
    })
  )
}

function show({ info, shares, transfers, peers }) {
  at('name').textContent = info.name
  at('line').textContent = `${peers} connected · network ${info.network} · Shoal ${info.version}`
  fill(
    at('shares'),
    shares.map(row => [row.name, `${size(row.bytes)} · ${row.state}`]),
    'Nothing is shared yet.'
  )
  fill(
    at('transfers'),
    transfers.map(row => {
      const whole = row.total == null ? '' : ` of ${size(row.total)}`
      const rate = row.rate > 0 ? ` · ${(row.rate / 1e6).toFixed(1)} MB/s` : ''
      return [row.name, `${size(row.bytes)}${whole}${rate} · ${row.state}`]
    }),
    'Nothing is being fetched.'
  )
}

const bearer = token()
async function refresh() {
  try {
    const answer = await fetch('/api/status', { headers: { authorization: `Bearer ${bearer}` } })
    if (answer.status === 401) {
      at('line').textContent = 'Please open this page with the address that Shoal printed.'
      return
    }
    show(await answer.json())
  } catch {
    at('line').textContent = 'Shoal is not running. This page goes on when it is.'
  }
  setTimeout(refresh, INTERVAL_MS)
}
await refresh()
