// One command that is being run.
import type { Command } from './args.ts'
import type { Output } from './output.ts'
import type { Session } from './session.ts'

/** What a command is given. */
export interface Task<C extends Command = Command> {
  readonly command: C
  readonly out: Output
  readonly session: Session
  readonly interrupt: AbortSignal
}
