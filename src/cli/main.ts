import { dispatch } from './dispatch.ts'
import { processWorld } from './process-world.ts'

/** The program: does what the arguments of this process say, then ends it with the exit code. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.exit(await dispatch(argv, processWorld()))
}
