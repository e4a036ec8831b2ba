import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Quitting } from './quit.ts'

/** The question stays open until it is answered. */
function open() {
  const told: string[] = []
  let answer = Promise.withResolvers<boolean>()
  const step = (name: string) => async () => void told.push(name)
  const quitting = new Quitting({
    mayQuit: () => {
      told.push('asked')
      answer = Promise.withResolvers()
      return answer.promise
    },
    stay: () => void told.push('stayed'),
    steps: [step('page'), () => Promise.reject(new Error('broken')), step('engine')],
    exit: () => void told.push('over')
  })
  return { quitting, told, answer: (mayQuit: boolean) => answer.resolve(mayQuit) }
}

test('asked for twice it asks once and ends once, in order, whatever fails on the way', async () => {
  const { quitting, told, answer } = open()
  const first = quitting.begin()
  const second = quitting.begin()
  answer(true)
  await Promise.all([first, second])
  assert.deepEqual(told, ['asked', 'page', 'engine', 'over'])
})

test('while it ends it is not begun again', async () => {
  const { quitting, told, answer } = open()
  const first = quitting.begin()
  answer(true)
  quitting.signal.addEventListener('abort', () => void quitting.begin())
  await first
  assert.deepEqual(told, ['asked', 'page', 'engine', 'over'])
})

test('called off it goes on as before, and may be asked again', async () => {
  const { quitting, told, answer } = open()
  const first = quitting.begin()
  answer(false)
  await first
  assert.deepEqual(told, ['asked', 'stayed'])
  assert.equal(quitting.signal.aborted, false)
  const again = quitting.begin()
  answer(true)
  await again
  assert.equal(told.at(-1), 'over')
})

test('a session that ends does not ask, and does not wait for an answer', async () => {
  const unasked = open()
  await unasked.quitting.insist()
  assert.deepEqual(unasked.told, ['page', 'engine', 'over'])
  const { quitting, told } = open()
  const asked = quitting.begin()
  await quitting.insist()
  await asked
  assert.deepEqual(told, ['asked', 'page', 'engine', 'over'])
})
