// Script that is not the page's own, tried from inside it in every way there is.

import type { Page } from 'playwright-core'
import { expect } from '@playwright/test'

/** In a later task: what a test evaluates is itself allowed to evaluate. */
const TRIES = `{
  window.refused = []
  addEventListener('securitypolicyviolation', event => window.refused.push(event.effectiveDirective))
  setTimeout(() => {
    try { window.ran = eval('"eval"') } catch (error) { window.refused.push(error.name) }
  })
  const inline = document.createElement('script')
  inline.textContent = 'window.ran = "inline"'
  document.head.append(inline)
  const button = document.createElement('button')
  button.setAttribute('onclick', 'window.ran = "attribute"')
  document.body.append(button)
  button.click()
  button.remove()
  const far = document.createElement('script')
  far.onload = () => window.ran = 'data:'
  far.onerror = () => window.refused.push('data:')
  far.src = 'data:text/javascript,window.ran = true'
  document.head.append(far)
}`

/** Nothing of it runs, and the page's policy is what forbids it. */
export async function expectNoForeignScript(page: Page): Promise<void> {
  await page.evaluate(TRIES)
  const refused = async (): Promise<string[]> => page.evaluate<string[]>('window.refused.toSorted()')
  await expect
    .poll(refused)
    .toEqual(['EvalError', 'data:', 'script-src', 'script-src-attr', 'script-src-elem', 'script-src-elem'])
  expect(await page.evaluate('window.ran')).toBeUndefined()
}
