// What cannot be shared of a folder is named, and is no reason not to share the rest.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sheet } from './screen.ts'
import { expect, test } from './spec.ts'

test('one name that cannot be read, one link that leads outside: said, and the rest is shared', async ({
  instance
}) => {
  test.skip(process.platform !== 'linux', 'only there a name may be any bytes')
  const a = await instance('a')
  const mixed = path.join(a.folder, 'Mixed')
  mkdirSync(mixed)
  writeFileSync(path.join(mixed, 'good.txt'), 'good')
  writeFileSync(Buffer.concat([Buffer.from(`${mixed}/odd-`), Buffer.from([0xff])]), 'odd')
  symlinkSync('/etc/hostname', path.join(mixed, 'outside'))
  const shared = a.shareHeld('Mixed')
  await expect(sheet(a.page).getByText('Some files cannot be read.')).toBeVisible()
  await expect(sheet(a.page).getByText(/odd-/)).toBeVisible()
  await sheet(a.page).getByRole('button', { name: 'Share the rest' }).click()
  expect(await shared).toMatch(/^shoal:b/)
  await expect(a.page.getByText(/^Not shared from “Mixed”: .*outside/)).toBeVisible()
})
