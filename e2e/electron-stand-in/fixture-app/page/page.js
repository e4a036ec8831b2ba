// What the spec asks of the page, by name.
globalThis.dropped = []
addEventListener('dragover', event => event.preventDefault())
addEventListener('drop', event => {
  event.preventDefault()
  globalThis.dropped.push(...[...event.dataTransfer.files].map(file => globalThis.desktop.pathOf(file)))
})

/** A port to the main process, and what has come out of it. */
globalThis.openPort = name =>
  new Promise(resolve => {
    const receive = event => {
      if (event.data !== `port ${name}`) return
      removeEventListener('message', receive)
      const [port] = event.ports
      const opened = { port, received: [], isClosed: false }
      addEventListener('pagehide', () => globalThis.keepsPorts || port.close())
      port.onmessage = message => opened.received.push(message.data)
      port.addEventListener('close', () => (opened.isClosed = true))
      resolve(opened)
    }
    addEventListener('message', receive)
    globalThis.desktop.connect(name)
  })
addEventListener('message', event => {
  if (event.data !== 'main port') return
  const [port] = event.ports
  addEventListener('pagehide', () => port.close())
  port.onmessage = message => port.postMessage(['page', message.data])
})
console.log('the page is here')
globalThis.isReady = true
