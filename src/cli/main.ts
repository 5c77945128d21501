import { CofferError } from '../core/errors.ts'
import { dispatch, wantsJson } from './dispatch.ts'
import { report } from './failure.ts'
import { processWorld } from './process-world.ts'

/**
 * The program: does what the arguments of this process say, then ends it with the exit code. Work
 * that stopped without an end, as where a connection was lost and nobody was told, has failed: Node
 * by itself would end with 0.
 */
export async function main(
  argv: readonly string[] = process.argv.slice(2),
  work: typeof dispatch = dispatch,
): Promise<void> {
  const world = processWorld()
  const stopped = () => new CofferError('internal', 'It stopped before its work was done.')
  process.once('beforeExit', () => process.exit(report(stopped(), world, wantsJson(argv))))
  process.exit(await work(argv, world))
}
