// Which page of Chromium is whose. Every new page stops before its first script until somebody says what it is for:
// pages made here are claimed; pages that a page opened (window.open, target=_blank) are closed, after their opener's
// handler was asked (web-contents.ts).

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
    const { targetInfo, sessionId, waitingForDebugger } = attached
    const claim = unclaimed.get(targetInfo.targetId)
    if (claim !== undefined) claim(attached)
    else if (targetInfo.type === 'page' && targetInfo.openerId === undefined && creating > 0)
      early.set(targetInfo.targetId, attached)
    else {
      // Let go before it is closed: while it waits it holds up its opener, which may live in the same process.
      if (waitingForDebugger)
        sessionOf(sessionId)
          .send('Runtime.runIfWaitingForDebugger')
          .catch(() => {}) // it may be gone already
      if (targetInfo.type === 'page') closeTarget(targetInfo.targetId)
    }
  })
  browser.on('Target.targetDestroyed', ({ targetId }) => {
    owners.get(targetId)?.onGone()
    owners.delete(targetId)
  })
  await browser.send('Target.setDiscoverTargets', { discover: true })
  await browser.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
}

/** A page of its own window, stopped before anything runs in it. */
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
