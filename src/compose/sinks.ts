import { CofferError } from '../core/errors.ts'
import type { Sink } from '../core/ports/sink.ts'
import type { PlatformOptions } from './options.ts'
import type { Place } from './place.ts'

/**
 * The sinks that must acknowledge every event: the options' own, else those that
 * `COFFER_AUDIT_SINKS` names, separated by spaces: `file:/mnt/audit/coffer.jsonl stdout`.
 * @throws CofferError `invalid_argument`
 */
export async function sinksOf(place: Place, options: PlatformOptions): Promise<readonly Sink[]> {
  if (options.sinks !== undefined) return options.sinks
  const names = (place.env['COFFER_AUDIT_SINKS'] ?? '').split(/\s+/).filter((name) => name !== '')
  if (names.length === 0) return []
  const { SINKS } = await import('../adapters/sinks/registry.ts')
  return names.map((name) => {
    const colon = name.indexOf(':')
    const kind = colon === -1 ? name : name.slice(0, colon)
    if (Object.hasOwn(SINKS, kind)) {
      return SINKS[kind as keyof typeof SINKS].make(colon === -1 ? '' : name.slice(colon + 1))
    }
    throw new CofferError('invalid_argument', `There is no audit sink ${kind}.`, {
      remedy: `COFFER_AUDIT_SINKS knows ${Object.keys(SINKS).join(', ')}.`,
    })
  })
}
