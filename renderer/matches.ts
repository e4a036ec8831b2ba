// The filter of a list: every word of it must be in the name, in any case and without accents.
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()

export function matches(name: string, filter: string): boolean {
  if (filter === '') return true
  const at = plain(name)
  return plain(filter)
    .split(/\s+/)
    .every(word => at.includes(word))
}
