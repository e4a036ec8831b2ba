/** The path of the binary that Electron's package fetched, else undefined. */
export function fetchedElectron(): string | undefined
/** The path of the real one, undefined for the stand-in. Throws one sentence when `wanted` (SHOAL_ELECTRON) cannot be had. */
export function chooseElectron(wanted?: string, fetched?: string | null): string | null | undefined
/** Fetches the binary by `node` unless it is there. Throws one sentence. */
export function fetchElectron(node: string, env?: NodeJS.ProcessEnv): string
