/** The path of the binary that Electron's package fetched, else undefined. */
export function fetchedElectron(): string | undefined
