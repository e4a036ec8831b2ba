export function needsOf(file: string): Set<string>
export function prepare(files: readonly string[]): { sentences: string[]; cannotRun: Set<string> }
export function whyNoRights(): string | undefined
