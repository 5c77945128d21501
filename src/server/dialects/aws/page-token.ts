import { faults } from './errors/faults.ts'

/** Where the next page begins: opaque to clients, and checked when it comes back. */
export const tokenOf = (position: object): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

/** @throws AwsFault `InvalidNextTokenException` */
export function positionOf<T extends object>(
  token: string,
  isPosition: (value: object) => value is T,
): T {
  let position: unknown
  try {
    position = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw faults.invalidNextToken()
  }
  if (typeof position !== 'object' || position === null || !isPosition(position)) {
    throw faults.invalidNextToken()
  }
  return position
}

interface Offset {
  readonly after: number
}

export const tokenOfOffset = (after: number): string => tokenOf({ after })

/** 0 without a token. */
export const offsetOf = (token: string | undefined): number =>
  token === undefined ? 0 : positionOf(token, isOffset).after

const isOffset = (value: object): value is Offset =>
  'after' in value && Number.isSafeInteger(value.after)
