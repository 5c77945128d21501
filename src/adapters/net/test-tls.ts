import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { issueCertificate } from '../../server/tls/certificate.ts'

export const DAY_MS = 86_400_000

/** An authority of a test's own, and certificates for its servers. */
export function testAuthority() {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = pair()
  const issue = (keys: typeof authority, names: readonly string[] | undefined, untilMs: number) =>
    issueCertificate({
      subject: names === undefined ? 'Test authority' : 'server',
      issuer: 'Test authority',
      publicKey: keys.publicKey,
      issuerPublicKey: authority.publicKey,
      issuerKey: authority.privateKey,
      serial: randomBytes(16),
      notBefore: Date.now() - 3 * DAY_MS,
      notAfter: Date.now() + untilMs,
      names,
    })
  return {
    /** PEM. */
    ca: issue(authority, undefined, DAY_MS),
    certificate(names: readonly string[], untilMs = DAY_MS) {
      const keys = pair()
      const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
      return { cert: issue(keys, names, untilMs), key }
    },
  }
}
