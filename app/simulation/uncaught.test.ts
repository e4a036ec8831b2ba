import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearUncaught } from './uncaught.ts'

test('what nobody catches is heard, and whoever heard it before does so again afterwards', async () => {
  const before = process.rawListeners('uncaughtException')
  const heard: unknown[] = []
  const error = new Error('nobody catches it')
  {
    using _ = hearUncaught((kind, thrown) => heard.push(kind, thrown))
    queueMicrotask(() => {
      throw error
    })
    void Promise.reject(error)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.deepEqual(heard, ['uncaughtException', error, 'unhandledRejection', error])
  assert.deepEqual(process.rawListeners('uncaughtException'), before)
})
