// What shows an instance of Shoal on a target: a browser before a headless host, or the desktop window. Each target starts one in a file of its own.

import type { ElectronApplication, Page } from 'playwright-core'

export interface View {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  readonly language?: string
  /** Pixels of the screen for one of the page. */
  readonly scale?: number
}

export interface Start {
  readonly dataDir: string
  /** Where received files go; on the web also where dropped ones are copied to. */
  readonly folder: string
  /** In the form of the command line, beside data and folder. */
  readonly flags: readonly string[]
  /** Anything but loopback only inside a network namespace of the test's own. */
  readonly network: 'loopback' | 'lan'
  readonly view: View
  /** Links and share files the program is started with. A browser has no such door. */
  readonly opened: readonly string[]
}

/** A started one. Ended exactly once, by `stop` or by `kill`. */
export interface Running {
  readonly page: Page
  /** The desktop program behind it; null in a browser. */
  readonly app: ElectronApplication | null
  /** What the page complained of: exceptions, refused loads, broken policies. */
  readonly complaints: readonly string[]
  /** The system's clipboard as this instance has it. */
  readClipboard(): Promise<string>
  writeClipboard(text: string): Promise<void>
  /** As its user would end it; throws when it does not go in good order. */
  stop(): Promise<void>
  /** SIGKILL, and nothing of it is left. */
  kill(): Promise<void>
}

export interface Shell {
  /** Whether dropped files are copied to a folder of the host, which the page asks for. */
  readonly copiesDropped: boolean
  start(start: Start): Promise<Running>
}

/** Fills as the page speaks. */
export function listenForComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return complaints
}
