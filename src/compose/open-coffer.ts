import type { Coffer } from '../core/ports/coffer.ts'
import { openPlatform } from './open.ts'
import type { PlatformOptions } from './options.ts'
import { localActor } from './place.ts'

/** A Coffer that owns its store: close it, or let `await using` do it. */
export type OpenedCoffer = Coffer & AsyncDisposable & { close(): Promise<void> }

/**
 * Opens the store for a program, as an actor (default `local:<os user>`). While the program runs it
 * takes its turn at the background sweep; that keeps no process alive.
 *
 * @example
 * await using coffer = await openCoffer()
 * const cfg = await config.load({ coffer })
 */
export async function openCoffer(
  options: PlatformOptions & { readonly actor?: string } = {},
): Promise<OpenedCoffer> {
  const platform = await openPlatform(options)
  platform.startSweeping()
  const close = () => platform.close()
  const coffer = platform.as(options.actor ?? localActor(), { via: 'library' })
  return Object.assign(coffer, { close, [Symbol.asyncDispose]: close })
}
