import { SEALS } from '../adapters/seals/registry.ts'
import { CofferError } from '../core/errors.ts'
import type { Seal, SealContext } from '../core/ports/seal.ts'
import { findSeal } from './seals.ts'

/**
 * What is to hold a root key from now on: the one of that kind, or the first that is ready and takes
 * what was said of it. @throws CofferError `invalid_argument` for an option that it does not take
 */
export function sealFor(kind: string | undefined, context: SealContext): Seal {
  refuseUnknownOptions(context)
  if (kind !== undefined) {
    const seal = findSeal(kind)
    const other = namesOf(context).find((name) => !takes(seal, name))
    if (other === undefined) return seal
    throw new CofferError('invalid_argument', `The seal ${kind} has no option ${other}.`, {
      remedy: `It takes ${listOf(seal)}; ${takersOf(other)} takes ${other}.`,
    })
  }
  const fitting = Object.values(SEALS).filter((seal) =>
    namesOf(context).every((name) => takes(seal, name)),
  )
  const ready = fitting.find((seal) => seal.ready(context))
  if (ready !== undefined) return ready
  const [first] = fitting
  throw new CofferError(
    'invalid_argument',
    first === undefined
      ? `No seal takes all of ${namesOf(context).join(', ')}.`
      : `The option ${namesOf(context).join(', ')} is of the seal ${first.kind}, which was not asked for.`,
    { remedy: first === undefined ? 'Say which: --seal.' : `Say so: --seal ${first.kind}.` },
  )
}

/** A name that no seal knows is misspelt. @throws CofferError `invalid_argument` */
export function refuseUnknownOptions(context: SealContext): void {
  const seals = Object.values(SEALS)
  const unknown = namesOf(context).find((name) => !seals.some((seal) => takes(seal, name)))
  if (unknown === undefined) return
  throw new CofferError('invalid_argument', `No seal has an option ${unknown}.`, {
    remedy: `There are: ${seals.map((seal) => `${seal.kind}: ${listOf(seal)}`).join('; ')}.`,
  })
}

const namesOf = ({ options }: SealContext): string[] =>
  Object.keys(options).filter((name) => options[name] !== undefined)

const takes = ({ options }: Seal, name: string): boolean =>
  options === undefined || Object.hasOwn(options, name)

const listOf = ({ options }: Seal): string =>
  options === undefined ? 'any' : Object.keys(options).join(' and ') || 'none'

const takersOf = (name: string): string =>
  Object.values(SEALS)
    .filter((seal) => takes(seal, name))
    .map(({ kind }) => kind)
    .join(', ')
