// A fault in the page itself: it says so, and a reload brings everything back, because nothing of worth lives in the page.
import { Component, type ReactNode } from 'react'
import { type Context, UiContext } from '../ui.ts'
import { Action } from './controls.tsx'
import { Problem } from './states.tsx'

export class ErrorBoundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  static override contextType = UiContext
  override state = { isBroken: false }

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true }
  }

  override componentDidCatch(error: unknown): void {
    const { ui } = this.context as Context // contextType above
    void ui.try(async () => ui.session.client.app.log({ level: 'error', message: String(error).slice(0, 2000) }))
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children
    const { t } = this.context as Context // as above
    return (
      <main className="alone">
        <h1 className="unseen">Shoal</h1>
        <Problem code="internal" />
        <div className="actions">
          <Action kind="primary" onPress={() => location.reload()}>
            {t('again')}
          </Action>
        </div>
      </main>
    )
  }
}
