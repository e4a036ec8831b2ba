// The link of a share, to copy or to scan.
import { Copy } from 'lucide-react'
import { QRCodeSVG } from 'qrcode.react'
import { useEffect, useState } from 'react'
import { Action } from '../parts/controls.tsx'
import { linkTo } from '../parts/copy-when-shared.ts'
import { SheetFrame } from '../parts/sheet-frame.tsx'
import { Loading, Problem } from '../parts/states.tsx'
import type { Code } from '../sentences.ts'
import { useFeed, useStore } from '../use-store.ts'
import { type LinkTo, useUi } from '../ui.ts'

const MAX_QR_CHARS = 1200 // more cannot be read from a screen

export function LinkSheet({ of, onClose }: { of: LinkTo; onClose: () => void }) {
  const { ui, t } = useUi()
  const share = useFeed(ui.model.shares).rows.get(of.root)
  const [link, setLink] = useState<string | null>(null)
  const [code, setCode] = useState<Code | null>(null)
  const [isCopied, setCopied] = useState(false)
  const isOpen = useStore(ui.session.state) === 'open'
  useEffect(() => {
    if (!isOpen) return
    setCode(null)
    linkTo(ui, of).then(setLink, (error: unknown) => setCode(ui.failureOf(error).code))
  }, [ui, of, isOpen])
  const copy = (): void => {
    ui.platform.copy(link ?? '').then(
      () => setCopied(true),
      () => document.querySelector<HTMLTextAreaElement>('.link-text')?.select()
    )
  }
  const footer = (
    <Action icon={Copy} kind="primary" onPress={copy} isDisabled={link == null} autoFocus>
      {t(isCopied ? 'copied' : 'copy.link')}
    </Action>
  )
  return (
    <SheetFrame title={share?.name ?? t('link')} onClose={onClose} footer={footer}>
      {code != null && <Problem code={code} />}
      {link == null && code == null && <Loading />}
      {link != null && (
        <>
          {link.length <= MAX_QR_CHARS && (
            <div className="qr">
              <QRCodeSVG value={link} size={208} marginSize={2} title={t('qr.title')} />
            </div>
          )}
          <label className="field">
            <span>{t('link')}</span>
            <textarea
              className="input link-text"
              readOnly
              rows={3}
              value={link}
              dir="ltr"
              onFocus={event => event.currentTarget.select()}
            />
          </label>
          <p className="hint">{t('link.hint')}</p>
        </>
      )}
    </SheetFrame>
  )
}
