// The page was opened without its key, or with an old one.
import { KeyRound } from 'lucide-react'
import { Empty } from '../parts/states.tsx'
import { useUi } from '../ui.ts'

export function Unauthorized() {
  const { t } = useUi()
  return (
    <main className="alone">
      <h1 className="unseen">Shoal</h1>
      <Empty icon={KeyRound} title={t('notin.title')} text={t('notin.text')} />
    </main>
  )
}
