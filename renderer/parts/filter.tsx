// Narrowing a list: by words of the name, by kind.
import { Search, X } from 'lucide-react'
import { Button, Input, Radio, RadioGroup, SearchField } from 'react-aria-components'
import { useUi } from '../ui.ts'

export function Filter({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useUi()
  return (
    <SearchField className="filter" aria-label={t('filter')} value={value} onChange={onChange}>
      <Search size={16} aria-hidden />
      <Input placeholder={t('filter')} />
      {value !== '' && (
        <Button className="filter-clear" aria-label={t('filter.clear')}>
          <X size={14} aria-hidden />
        </Button>
      )}
    </SearchField>
  )
}

export function Tabs<Id extends string>({
  label,
  value,
  options,
  onChange
}: {
  label: string
  value: Id
  options: readonly { readonly id: Id; readonly name: string; readonly count?: number }[]
  onChange: (id: Id) => void
}) {
  const { formats } = useUi()
  return (
    <RadioGroup
      className="tabs"
      orientation="horizontal"
      aria-label={label}
      value={value}
      onChange={id => {
        const found = options.find(option => option.id === id)
        if (found != null) onChange(found.id)
      }}
    >
      {options.map(({ id, name, count }) => (
        <Radio key={id} value={id} className="tab">
          {name}
          {count != null && <span className="tab-count">{formats.count(count)}</span>}
        </Radio>
      ))}
    </RadioGroup>
  )
}
