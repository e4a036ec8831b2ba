// Which file of ours imports what, read from the sources: types too, and what is imported while it runs.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Import {
  readonly target: string // a file of ours, or the name of a package
  readonly isLocal: boolean
  readonly isType: boolean // vanishes when the types are stripped
}

const STATEMENT =
  /^[ \t]*(?:import[ \t]*|(?:import|export)\b(?<what>[^'"\n;{]*(?:\{[^}]*\}[^'"\n;]*)?)\bfrom[ \t]*)['"](?<spec>[^'"\n]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g

export function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(STATEMENT)].map(match => ({
    spec: match.groups?.spec ?? '',
    isType: /^\s*type\b/.test(match.groups?.what ?? '')
  }))
  for (const match of text.matchAll(DYNAMIC)) found.push({ spec: match[1] ?? '', isType: false })
  return found.map(({ spec, isType }) => {
    const isLocal = spec.startsWith('.')
    return { target: isLocal ? path.posix.join(path.posix.dirname(file), spec) : spec, isLocal, isType }
  })
}

export const filesOf = (pattern: string): string[] => globSync(pattern).map(file => file.split(path.sep).join('/'))

export const files = filesOf('{core,app,main,renderer,e2e}/**/*.{ts,tsx,mts}')
export const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file) || file.startsWith('e2e/')
export const sources = files.filter(file => !isTest(file))
export const graph: ReadonlyMap<string, readonly Import[]> = new Map(files.map(file => [file, importsOf(file)]))

/** Everything a file loads when it runs, however indirectly: our files and packages. */
export function reach(...from: string[]): Set<string> {
  const seen = new Set(from)
  for (const file of seen) {
    for (const { target, isType } of graph.get(file) ?? []) if (!isType) seen.add(target)
  }
  return seen
}
