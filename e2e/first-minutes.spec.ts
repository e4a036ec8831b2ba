// Somebody alone with Shoal for the first time: a second node on the same machine, a link looked into, got, checked.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DONE, drawer, fact, get, go, sheet } from './screen.ts'
import { expect, test } from './spec.ts'

const TITLE = 'See it work'

test('see it work: one click, and what comes is checked', async ({ instance }) => {
  const { page, folder, dataDir } = await instance('a')
  await page.getByRole('region', { name: TITLE }).getByRole('button', { name: 'Show me' }).click()
  await expect(sheet(page).getByRole('heading', { name: 'Welcome to Shoal' })).toBeVisible()
  expect(readdirSync(path.join(dataDir, 'welcome')).sort()).toEqual(['Welcome to Shoal', 'node'])
  await get(page)
  await expect(drawer(page).getByText(DONE)).toBeVisible()
  const start = readFileSync(path.join(folder, 'Welcome to Shoal/Start here.txt'), 'utf8')
  expect(start).toMatch(/^Welcome to Shoal\n/)
  await expect(fact(page, 'Received since Shoal started')).toHaveText(/^[1-9][\d.]*\skB$/)
  await go(page, 'Home')
  await expect(page.getByText('Drop files to share')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Shoal’s welcome' })).toBeVisible()
  await expect(page.getByRole('region', { name: TITLE })).toHaveCount(0)
})

test('nothing of it is left when Shoal ends', async ({ instance }) => {
  const a = await instance('a')
  await a.page.getByRole('button', { name: 'Show me' }).click()
  await expect(sheet(a.page).getByText('3 files')).toBeVisible()
  await a.stop()
  expect(readdirSync(a.dataDir)).not.toContain('welcome')
})

test('sent away, it does not come back', async ({ instance }) => {
  const { page } = await instance('a')
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await expect(page.getByRole('region', { name: TITLE })).toHaveCount(0)
  await page.reload()
  await go(page, 'Library')
  await expect(page.getByRole('heading', { name: 'Nothing shared yet' })).toBeVisible()
  await go(page, 'Downloads')
  await expect(page.getByRole('heading', { name: 'No downloads yet' })).toBeVisible() // now it is known that nothing has begun
  await go(page, 'Home')
  await expect(page.getByRole('region', { name: TITLE })).toHaveCount(0)
})
