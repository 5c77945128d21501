import type { TypeSpec } from '../../core/types/spec.ts'
import type { DocumentNode } from '../document/node.ts'

/** @throws CofferError `invalid_argument` */
export type CheckType = (type: unknown) => TypeSpec

/** Reads the types of these secrets; the code for it is loaded when one of them has a type. */
export async function typeChecker(secrets: DocumentNode | undefined): Promise<CheckType> {
  const parts = secrets?.kind === 'map' ? [...secrets.entries.values()] : []
  if (!parts.some((part) => part.kind === 'map' && part.entries.has('type'))) return never
  return (await import('../../core/types/validate.ts')).checkTypeSpec
}

function never(): never {
  throw new Error('There is no type to be read.')
}
