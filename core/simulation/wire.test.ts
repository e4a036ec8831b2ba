import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Side, type Path } from './connection.ts'
import { Databases } from './databases.ts'
import { Dice } from './dice.ts'
import { Disk } from './disk.ts'
import { Machine } from './machine.ts'
import { Timeline } from './timeline.ts'
import { Wire } from './wire.ts'

function machine(name: string, timeline: Timeline): Machine {
  const disk = new Disk({ capacityBytes: 0, clockNs: () => 0n })
  const parts = {
    name,
    timeline,
    disk,
    dice: new Dice(1),
    databases: new Databases(),
    peer: undefined,
    onLog: () => {}
  }
  return new Machine({ ...parts, platform: 'linux' })
}

/** Two ends of a stream over a path, with its two sides. */
function stream(timeline: Timeline) {
  const path: Path = { delayMs: 10, bytesPerSecond: 1_000_000, isUp: true, isSilent: false, isSlow: false, isLan: true }
  const [near, far] = ['a', 'b'].map(name => new Side(machine(name, timeline), path, () => {})) as [Side, Side]
  near.far = far
  const [from, to] = [new Wire(near), new Wire(far)]
  from.join(to)
  const arrived: { at: number; bytes: Uint8Array }[] = []
  to.onBytes(bytes => arrived.push({ at: timeline.now, bytes }))
  return { path, near, from, arrived }
}

const newTimeline = (): Timeline => new Timeline({ event: () => {}, thrown: thrown => assert.fail(String(thrown)) })

test('what takes long arrives bit by bit, and at the rate of the path', async () => {
  const timeline = newTimeline()
  const { path, from, arrived } = stream(timeline)
  const sent = new Dice(2).bytes(256 * 1024)

  path.isSlow = true
  from.send(sent)
  await timeline.runUntil(60_000)
  assert.deepEqual(Buffer.concat(arrived.map(it => it.bytes)), Buffer.from(sent))
  arrived.reduce((before, { at }) => (assert.ok(at - before <= 2_000, `nothing for ${at - before} ms`), at), 0)

  path.isSlow = false
  from.send(sent)
  await timeline.runUntil(120_000)
  assert.equal(Math.round(arrived.at(-1)!.at), 60_000 + 10 + 262)
})

test('what was on its way when the path fell silent arrives in its order', async () => {
  const timeline = newTimeline()
  const { path, near, from, arrived } = stream(timeline)
  for (let i = 0; i < 4; i++) from.send(new Uint8Array(1_000).fill(i)) // they arrive 1 ms after one another, the first at 11 ms
  await timeline.runUntil(10)
  path.isSilent = true
  await timeline.runUntil(12.5)
  path.isSilent = false
  from.send(new Uint8Array(1_000).fill(4))
  near.heal()
  await timeline.runUntil(1_000)
  assert.deepEqual(
    arrived.map(it => it.bytes[0]),
    [0, 1, 2, 3, 4]
  )
})
