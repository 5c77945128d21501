import type { Destination } from '../../core/ports/destination.ts'

/** Everything a destination may use of the world. */
export interface DestinationContext {
  /** The process environment: credentials come from here, or from an SDK's own chain. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the manifest says, filled in. Unknown options are refused. */
  readonly options: Readonly<Record<string, unknown>>
  /** The folder of the manifest: relative files lie below it. */
  readonly dir: string
  /** The environment that is delivered: `prod`. */
  readonly environment: string
}

/**
 * A promise where the id is known by the SDK alone, as the host of a cluster.
 * @throws CofferError `invalid_argument` for options that it does not have or lacks
 */
export type DestinationFactory = (context: DestinationContext) => Destination | Promise<Destination>
