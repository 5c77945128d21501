/** Pieces of long work, of some 30 µs each, between two breaths. */
export const BREATHE_EVERY = 64

/**
 * Lets the requests that have arrived meanwhile have their turn. SQLite answers without waiting, so work
 * on many rows would otherwise hold the event loop from its first row to its last.
 */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
