// Two instances in one network find each other, told nothing: in a namespace of the test's own, by real multicast.

import { writeFileSync } from 'node:fs'
import { Namespaces, whyNoNamespaces } from './namespaces.ts'
import { withoutAddresses } from './peer.ts'
import { DONE, drawer, get, go } from './screen.ts'
import { expect, test } from './spec.ts'

test.skip(whyNoNamespaces() != null, whyNoNamespaces() ?? '')

test('nearby devices show up by themselves, and a link without any address is enough', async ({
  instance,
  scratch
}) => {
  using net = new Namespaces()
  const host = net.host('home')
  net.switch().plug(host, 'eth0', '192.168.77.2/24')
  net.defaultRoute(host, 'eth0')
  const [a, b] = await Promise.all([instance('a', { host }), instance('b', { host })])
  for (const { page } of [a, b]) {
    await expect(page.getByRole('list', { name: 'Nearby' }).getByRole('listitem')).toHaveCount(1)
    await page.getByRole('list', { name: 'Nearby' }).getByRole('button').click()
    await expect(drawer(page).getByText('on your network')).toBeVisible()
  }
  writeFileSync(scratch.at('note.txt'), 'found')
  await b.paste(withoutAddresses(await a.share(scratch.at('note.txt'))))
  await get(b.page)
  await expect(b.page.getByText(DONE)).toBeVisible()
  await go(b.page, 'Peers')
  await expect(b.page.getByRole('list', { name: 'Peers' }).getByRole('listitem')).toHaveCount(1)
  // the network goes last: its test ends before its instances do
  await Promise.all([a.stop(), b.stop()])
})
