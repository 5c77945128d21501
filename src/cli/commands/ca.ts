import { X509Certificate } from 'node:crypto'
import { CofferError } from '../../core/errors.ts'
import { findTlsFile, tlsPlaces } from '../../server/tls/files.ts'
import type { Handler } from '../spec.ts'
import type { ca } from '../specs/serve.ts'

export const handle: Handler<typeof ca> = async (_, session) => {
  const { path } = await session.dataDir()
  const file = tlsPlaces(path).ca
  const pem = findTlsFile(file)
  if (pem === undefined) {
    throw new CofferError('not_found', `There is no certificate authority in ${path}.`, {
      remedy:
        'Name the --data-dir of the server. `coffer serve` makes one when it starts without --http and --tls-cert.',
    })
  }
  const { fingerprint256, validTo } = new X509Certificate(pem)
  const expiresAt = new Date(validTo).toISOString()
  await session.out.result({ file, sha256: fingerprint256, expiresAt, pem }, () =>
    session.out.raw(pem),
  )
}
