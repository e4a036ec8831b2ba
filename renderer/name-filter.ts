// The filter of a list: every word of it must be in the name, in any case and without accents.
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .toLowerCase()

/** Ten thousand names are looked at with every key that is pressed. */
const MAX_KNOWN = 20_000
const known = new Map<string, string>()
function plainName(name: string): string {
  let found = known.get(name)
  if (found == null) {
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(name, (found = plain(name)))
  }
  return found
}

export function matchesFilter(name: string, filter: string): boolean {
  if (filter === '') return true
  const at = plainName(name)
  return wordsOf(filter).every(word => at.includes(word))
}

let last = { filter: '', words: [''] }
function wordsOf(filter: string): readonly string[] {
  if (last.filter !== filter) last = { filter, words: plain(filter).split(/\s+/) }
  return last.words
}
