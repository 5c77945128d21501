import { CofferError, isCofferError } from '../../core/errors.ts'
import { usage } from '../parse.ts'
import { SEAL_KINDS } from '../specs/seal-kinds.ts'
import { sealNamed } from '../seal-name.ts'
import { sealOptionsOf } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'key', 'reseal'>> = async ({ options }, session) => {
  if (options.seal === undefined) throw usage(`--seal is missing: ${SEAL_KINDS.join(', ')}.`)
  const platform = await session.platform()
  const { fingerprint, notes, shares } = await platform.keys
    .reseal({
      ...(await session.operator()),
      seal: sealNamed(options.seal),
      sealOptions: sealOptionsOf({
        'key-file': options['new-key-file'],
        'passphrase-file': options['new-passphrase-file'],
        'seal-option': options['new-seal-option'],
      }),
    })
    .catch((error: unknown) => {
      throw isCofferError(error) ? ofTheNewSeal(error) : error
    })
  await session.out.result({ fingerprint, notes, shares }, () => {
    session.out.note(`The store is sealed by ${options.seal}; root key ${fingerprint}`)
    for (const share of shares) session.out.line(share)
    for (const note of notes) session.out.warn(note)
  })
}

/** A seal names its options as every other command spells them; here these are the old seal's. */
const ofTheNewSeal = (error: CofferError): CofferError =>
  new CofferError(error.code, error.message, {
    remedy: error.remedy.replaceAll(/--(?=key-file|passphrase-file|seal-option)/g, '--new-'),
    details: error.details,
    cause: error,
  })
