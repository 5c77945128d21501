import { rememberingLast } from '../../../../core/remembering-last.ts'
import { signedHeadersIn } from './authorization.ts'
import { instantIn } from './instant.ts'

/** What requests that come one after another mostly have in common: it is read once for all of them. */
export interface Reading {
  /** A client signs the same headers each time. */
  readonly signedHeadersOf: typeof signedHeadersIn
  /** Many requests are signed within one second. */
  readonly instantOf: typeof instantIn
}

export const createReading = (): Reading => ({
  signedHeadersOf: rememberingLast(signedHeadersIn),
  instantOf: rememberingLast(instantIn),
})
