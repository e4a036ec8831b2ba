// Somebody who sends other bytes than the link names: nothing of it is kept, and the device is shown under Peers until the user allows it again.

import { MIB, randomBytes } from './content.ts'
import { choose, get, go } from './screen.ts'
import { expect, PAGE, test } from './spec.ts'
import { FalseLeaves, openStranger } from './stranger.ts'

test('a device that sent wrong data is blocked, says why, and is allowed again', PAGE, async ({ instance }) => {
  const content = new FalseLeaves('film.mkv', randomBytes(6 * MIB, 'lies'))
  await using liar = await openStranger([content], AbortSignal.timeout(60_000))
  const a = await instance('a')
  const { page } = a
  await a.paste(`shoal:${content.root.toString()}?n=film.mkv&a=${encodeURIComponent(liar.addr)}`)
  await get(page)
  await go(page, 'Peers')
  const blocked = page.getByRole('list', { name: 'Blocked' })
  await expect(blocked.getByRole('listitem')).toHaveCount(1)
  await expect(
    blocked.getByText(/^It sent data that does not match the link; none of it was kept · until /)
  ).toBeVisible()
  await go(page, 'Downloads')
  await choose(page, 'film.mkv', 'Pause')
  await go(page, 'Peers')
  await choose(page, 'Stranger', 'Allow again')
  await expect(blocked).toHaveCount(0)
})
