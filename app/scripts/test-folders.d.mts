export interface RunFolders {
  readonly temporary: string
  /** In memory; undefined where the system has no such place. */
  readonly shared: string | undefined
  /** Begins the names of what this run makes outside of them. */
  readonly run: string
  remove(): void
}
export function openRunFolders(env?: Record<string, string | undefined>): RunFolders
