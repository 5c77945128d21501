import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { CofferError } from '../../core/errors.ts'

/** What a server shows and what it signs with, both PEM; the chain begins with its own certificate. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/**
 * The pair, once it is certain that a connection could be secured with it.
 * @throws CofferError `invalid_argument`; what is named is where they came from, never their content
 */
export function checkedPair(pair: KeyPair, from: string): KeyPair {
  try {
    createSecureContext(pair)
    if (leafOf(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return pair
  } catch (error) {
    throw refusedPair(from, 'are no certificate and key that TLS can use', error)
  }
  throw refusedPair(from, 'do not belong to each other')
}

/** The first certificate of a chain. */
export const leafOf = (pem: string): X509Certificate => new X509Certificate(pem)

/** When it stops being valid, in milliseconds since 1970 UTC. */
export const notAfterOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo)

const refusedPair = (from: string, why: string, cause?: unknown) =>
  new CofferError('invalid_argument', `The TLS files ${from} ${why}.`, {
    remedy: 'Give a certificate chain and its private key, both PEM.',
    ...(cause === undefined ? {} : { cause }),
  })
