import { rememberingLast } from '../../../../core/remembering-last.ts'
import { type Scope, scopeIn, signedHeadersIn } from './authorization.ts'
import { instantIn } from './instant.ts'

/** What requests that come one after another mostly have in common: it is read once for all of them. */
export interface Reading {
  /** A client says the same each time, and all of one kind sign the same headers. */
  readonly scopeOf: (text: string) => Scope | undefined
  /** Many requests are signed within one second. */
  readonly instantOf: typeof instantIn
}

export function createReading(): Reading {
  const signedHeadersOf = rememberingLast(signedHeadersIn)
  return {
    scopeOf: rememberingLast((text: string) => scopeIn(text, signedHeadersOf)),
    instantOf: rememberingLast(instantIn),
  }
}
