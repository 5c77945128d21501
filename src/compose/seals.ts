import { SEALS } from '../adapters/seals/registry.ts'
import { CofferError } from '../core/errors.ts'
import type { Seal } from '../core/ports/seal.ts'

/** @throws CofferError `invalid_argument` */
export function findSeal(kind: string): Seal {
  const seal = Object.hasOwn(SEALS, kind) ? SEALS[kind] : undefined
  if (seal !== undefined) return seal
  throw new CofferError('invalid_argument', `There is no seal ${kind}.`, {
    remedy: `The seals are ${Object.keys(SEALS).join(', ')}.`,
  })
}
