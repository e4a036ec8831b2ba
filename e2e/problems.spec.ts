// What goes wrong: the sentence on the screen, and the way out that it offers, followed to its end.

import { sheet } from './screen.ts'
import { expect, test } from './spec.ts'

test('what is no link: a sentence, and another one can be pasted', async ({ instance }) => {
  const b = await instance('b')
  await b.paste('hello, is this a link?')
  await expect(sheet(b.page).getByText('That is not a link Shoal can read.')).toBeVisible()
  await sheet(b.page).getByRole('button', { name: 'Paste another link' }).click()
  await expect(sheet(b.page)).toHaveCount(0)
  await expect(b.page.getByRole('textbox', { name: 'Paste a link' })).toBeVisible()
})
