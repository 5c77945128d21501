import { isUtf8 } from 'node:buffer'
import { CofferError } from '../../core/errors.ts'
import type { Destination, DestinationEntry } from '../../core/ports/destination.ts'
import type { Ledger } from './ledger.ts'

/** @throws CofferError `invalid_argument` for a name that cannot be there */
export function checkName({ id, limits: { name: rule } }: Destination, name: string): void {
  if (name.length > rule.charsMax) {
    throw new CofferError(
      'invalid_argument',
      `A name has at most ${rule.charsMax} characters at ${id}.`,
      { remedy: 'Give it another name in the manifest.' },
    )
  }
  if (!rule.pattern.test(name)) {
    throw new CofferError('invalid_argument', `A name there is: ${rule.says}.`, {
      remedy: 'Give it another name in the manifest.',
    })
  }
}

/** @throws CofferError `too_large`, `invalid_value` for a value that cannot be there */
export function checkValueFits(destination: Destination, name: string, value: Uint8Array): void {
  const { valueBytesMax, textOnly } = destination.limits
  if (value.length > valueBytesMax) {
    throw new CofferError(
      'too_large',
      `It has ${value.length} bytes; there, a value has at most ${valueBytesMax}.`,
    )
  }
  if (textOnly && (!isUtf8(value) || value.includes(0))) {
    throw new CofferError('invalid_value', 'There, a value is text without NUL.', {
      remedy: 'Store it as base64, or deliver it elsewhere.',
    })
  }
  destination.accepts?.(name, value)
}

/**
 * The room that is left at a place while a plan is made, foreign entries counted in as far as the place
 * tells of their size; ours are known by the ledger.
 */
export interface Room {
  /** @throws CofferError `limit_exceeded`; nothing is taken then */
  take(name: string, bytes: number): void
  free(name: string): void
  /** Whether what was taken needs what was freed: there would be no room for both. */
  isTight(): boolean
}

export function roomAt(
  { id, limits }: Destination,
  found: readonly DestinationEntry[],
  { entries }: Ledger,
): Room {
  const sizes = new Map(
    found.map(({ name, bytes }) => [name, bytes ?? entries.get(name)?.there?.bytes ?? 0]),
  )
  let total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
  let freed = { entries: 0, bytes: 0 }
  const { entriesMax = Infinity, totalBytesMax = Infinity } = limits
  return {
    take(name, bytes) {
      const next = total - (sizes.get(name) ?? 0) + bytes
      if (!sizes.has(name) && sizes.size >= entriesMax) {
        throw new CofferError('limit_exceeded', `${id} holds at most ${entriesMax} entries.`, FULL)
      }
      if (next > totalBytesMax) {
        throw new CofferError('limit_exceeded', `${id} holds at most ${totalBytesMax} bytes.`, FULL)
      }
      sizes.set(name, bytes)
      total = next
    },
    free(name) {
      const bytes = sizes.get(name) ?? 0
      total -= bytes
      sizes.delete(name)
      freed = { entries: freed.entries + 1, bytes: freed.bytes + bytes }
    },
    isTight: () => sizes.size + freed.entries > entriesMax || total + freed.bytes > totalBytesMax,
  }
}

const FULL = {
  remedy: 'Deliver some of it to another place, or remove there what nobody needs.',
} as const
