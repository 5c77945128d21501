import { DESTINATIONS } from '../adapters/destinations/registry.ts'

/** The kinds of places that secrets can be delivered to. Loads none of them. */
export const destinationKinds = (): readonly string[] => Object.keys(DESTINATIONS)
