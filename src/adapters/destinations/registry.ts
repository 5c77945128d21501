import type { DestinationFactory } from './context.ts'

/** Where secrets can be delivered, by the kind that a manifest names. Each is loaded when it is used. */
export const DESTINATIONS = {} as const satisfies Record<string, () => Promise<DestinationFactory>>
