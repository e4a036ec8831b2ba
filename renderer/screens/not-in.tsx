// The page was opened without its key, or with an old one.
import { KeyRound } from 'lucide-react'
import { Empty } from '../parts/states.tsx'
import { useUi } from '../ui.ts'

export function NotIn() {
  const { say } = useUi()
  return (
    <main className="alone">
      <h1 className="unseen">Shoal</h1>
      <Empty icon={KeyRound} title={say('notin.title')} text={say('notin.text')} />
    </main>
  )
}
