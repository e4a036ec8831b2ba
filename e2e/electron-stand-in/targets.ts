// Which page of Chromium is whose. Pages made here are claimed, empty as they are; pages that a page opened (window.open,
// target=_blank) are closed, after their opener's handler was asked (web-contents.ts).

import type { Protocol } from './cdp.ts'
import { chromium, sessionOf } from './chromium.ts'
import type { CdpSession } from './cdp.ts'

export interface PageOwner {
  /** The page is gone: closed by itself, or by Chromium. */
  onGone(): void
}
export interface PageTarget {
  readonly targetId: string
  readonly session: CdpSession
}
type Attached = Protocol.Events['Target.attachedToTarget']

const owners = new Map<string, PageOwner>()
const unclaimed = new Map<string, (attached: Attached) => void>()
const early = new Map<string, Attached>()
let creating = 0

/** Once, when Chromium is there. */
export async function followTargets(): Promise<void> {
  const browser = chromium()
  browser.on('Target.attachedToTarget', attached => {
    const { targetInfo, sessionId } = attached
    const claim = unclaimed.get(targetInfo.targetId)
    if (claim != null) claim(attached)
    else if (targetInfo.type !== 'page') return
    else if (targetInfo.openerId == null && creating > 0) early.set(targetInfo.targetId, attached)
    else void closeOpened(targetInfo.targetId, sessionOf(sessionId))
  })
  browser.on('Target.targetDestroyed', ({ targetId }) => {
    owners.get(targetId)?.onGone()
    owners.delete(targetId)
  })
  await browser.send('Target.setDiscoverTargets', { discover: true })
  await browser.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true })
}

/**
 * Closed only once a task of its own has run. Whoever drives the stand-in may have stopped it before its first script, and with it its opener, which
 * lives in the same process: closed in that state it never lets go. What is evaluated is answered in that state too, a timer is not.
 */
async function closeOpened(targetId: string, session: CdpSession): Promise<void> {
  const expression = 'new Promise(resolve => setTimeout(resolve))'
  await session.send('Runtime.evaluate', { expression, awaitPromise: true }).catch(() => {}) // it may be gone already
  closeTarget(targetId)
}

/** A page of its own window, with nothing in it yet. */
export async function createPage(owner: PageOwner, width: number, height: number): Promise<PageTarget> {
  creating++
  try {
    const { targetId } = await chromium().send('Target.createTarget', {
      url: 'about:blank',
      newWindow: true,
      width,
      height
    })
    owners.set(targetId, owner)
    const attached = early.get(targetId) ?? (await new Promise<Attached>(resolve => unclaimed.set(targetId, resolve)))
    early.delete(targetId)
    unclaimed.delete(targetId)
    return { targetId, session: sessionOf(attached.sessionId) }
  } finally {
    creating--
  }
}

export function closeTarget(targetId: string): void {
  owners.delete(targetId)
  chromium()
    .send('Target.closeTarget', { targetId })
    .catch(() => {}) // gone already
}
