// The entry of the command line.
import { runProgram } from './program.ts'

const end = (status: number): void => process.exit(status) // a handle that somebody forgot does not keep the prompt away
end(await runProgram(process.argv.slice(2), end))
