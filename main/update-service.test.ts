import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkMode } from '../app/contract/shapes.ts'
import type { Update } from '../app/contract/window-contract.ts'
import { settled, stepped } from '../app/testing/settled-clock.ts'
import { Updates } from './update-service.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** A fake: what it is asked for is in `asked`; `answer` is the next version, or what it throws. */
function open(network: () => NetworkMode) {
  const { clock, step } = stepped()
  const asked: string[] = []
  const states: (Update | null)[] = []
  const logged: string[] = []
  const fake = { answer: '2.0.0' as string | null | Error, opened: 0 }
  const answer = async (what: string): Promise<string | null> => {
    asked.push(what)
    if (fake.answer instanceof Error) throw fake.answer
    return fake.answer
  }
  const updates = new Updates({
    open: async () => {
      fake.opened++
      return {
        check: async () => answer('check'),
        download: async () => void (await answer('download')),
        install: () => void asked.push('install')
      }
    },
    network: async () => network(),
    clock,
    log: { info: () => {}, error: event => void logged.push(event) },
    onChange: update => void states.push(update)
  })
  return { updates, fake, asked, states, logged, step, clock }
}

test('without the internet nobody is asked, and nothing that could ask is loaded', async () => {
  const stopped = (): never => {
    throw new Error('no engine')
  }
  const modes: (() => NetworkMode)[] = [() => 'lan', () => 'loopback', stopped]
  for (const network of modes) {
    const { fake, asked, step } = open(network)
    await step(MINUTE)
    await step(DAY)
    assert.deepEqual([asked, fake.opened], [[], 0])
  }
})

test('with it once a minute after the start, then once a day; the mode is read each time', async () => {
  let mode: NetworkMode = 'internet'
  const { fake, asked, states, step } = open(() => mode)
  fake.answer = null
  await step(MINUTE - 1)
  assert.deepEqual(asked, [])
  await step(1)
  assert.deepEqual([asked, states], [['check'], [null]])
  await step(DAY - 1)
  assert.equal(asked.length, 1)
  mode = 'lan'
  await step(1)
  assert.equal(asked.length, 1, 'switched off meanwhile')
  mode = 'internet'
  fake.answer = '2.0.0'
  await step(DAY)
  assert.equal(asked.length, 2)
  assert.deepEqual(states.at(-1), { version: '2.0.0', state: 'available' })
})

test('what fails is logged, and tried the next day', async () => {
  const { fake, asked, states, logged, step } = open(() => 'internet')
  fake.answer = new Error('no route')
  await step(MINUTE)
  assert.deepEqual([states, logged], [[], ['update.check.failed']])
  await step(DAY)
  assert.equal(asked.length, 2)
})

test('loaded and installed only when it is said, in this order', async () => {
  let mode: NetworkMode = 'internet'
  const { updates, fake, asked, states, logged, step } = open(() => mode)
  await assert.rejects(updates.fetch(), { code: 'not-found' })
  await step(MINUTE)
  await assert.rejects(updates.install(), { code: 'not-found' })
  mode = 'lan'
  await assert.rejects(updates.fetch(), { code: 'forbidden' })
  assert.deepEqual(asked, ['check'])
  mode = 'internet'
  fake.answer = new Error('half way')
  await updates.fetch()
  await settled()
  assert.deepEqual([states.at(-1)?.state, logged], ['available', ['update.fetch.failed']])
  fake.answer = '2.0.0'
  await updates.fetch()
  assert.equal(states.at(-1)?.state, 'loading')
  await assert.rejects(updates.fetch(), { code: 'not-found' })
  await settled()
  assert.deepEqual(states.at(-1), { version: '2.0.0', state: 'ready' })
  await step(DAY)
  assert.equal(states.at(-1)?.state, 'ready', 'a later look does not take it back')
  await updates.install()
  assert.deepEqual(asked, ['check', 'download', 'download', 'install'])
})

test('over, no timer is left', () => {
  const { updates, clock } = open(() => 'internet')
  updates[Symbol.dispose]()
  assert.equal(clock.due, 0)
})
