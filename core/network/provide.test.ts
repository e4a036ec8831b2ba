import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError } from '../errors.ts'
import { until } from '../testing/loopback-swarm.ts'
import { type ProvidePorts, Providing } from './provide.ts'

const ports = (
  provide: ProvidePorts['provide'],
  rows: { root: string; at: number | undefined }[] = []
): ProvidePorts & { saved: string[] } => {
  const saved: string[] = []
  return {
    rows: { load: () => rows, save: root => saved.push(root) },
    provide,
    now: () => 1e12,
    random: () => 0.5,
    saved
  }
}

test('what is due from an earlier run is provided as soon as there is a DHT peer; what is not, is not', async () => {
  const provided: string[] = []
  const it = ports(
    async root => void provided.push(root),
    [
      { root: 'due', at: 0 },
      { root: 'never', at: undefined },
      { root: 'fresh', at: 1e12 - 1000 }
    ]
  )
  using providing = new Providing(it)
  assert.deepEqual(provided, [])
  providing.setDhtPeers(1)
  await until(() => it.saved.length === 2, 'both are saved')
  assert.deepEqual(new Set(provided), new Set(['due', 'never']))
  assert.equal(provided.length, 2)
})

test('everybody who waits for a root is told once it is provided', async t => {
  const gate = Promise.withResolvers<void>()
  using providing = new Providing(ports(() => gate.promise))
  providing.setDhtPeers(1)
  const waiting = [providing.add('a', t.signal), providing.add('a', t.signal)]
  gate.resolve()
  await Promise.all(waiting)
  await providing.add('a', t.signal) // at once: it has been
})

test('removing, aborting and stopping end every wait, and the request behind it', async t => {
  const signals: AbortSignal[] = []
  const never = async (_root: string, signal: AbortSignal): Promise<void> => {
    signals.push(signal)
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  }
  const isCancelled = (error: unknown): boolean => error instanceof CodedError && error.code === 'cancelled'
  const providing = new Providing(ports(never))
  providing.setDhtPeers(1)
  const abort = new AbortController()
  const waits = [
    assert.rejects(providing.add('a', t.signal), isCancelled),
    assert.rejects(providing.add('b', abort.signal), isCancelled),
    assert.rejects(providing.add('c', t.signal), isCancelled)
  ]
  providing.remove('a')
  abort.abort(new Error('no longer interested'))
  await Promise.all(waits.slice(0, 2))
  providing[Symbol.dispose]()
  await Promise.all(waits)
  assert.equal(signals.length, 3)
  assert.ok(signals.every(signal => signal.aborted))
})
