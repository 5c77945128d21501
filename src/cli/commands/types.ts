import { join } from 'node:path'
import { secretNamesOf } from '../../config/generate/secret-names.ts'
import { manifestHere, writeOrCheck } from '../generated.ts'
import type { Handler } from '../spec.ts'
import type { types } from '../specs/manifest.ts'

export const handle: Handler<typeof types> = async ({ options }, session) => {
  const manifest = await manifestHere(session)
  const out = options.out ?? join(manifest.dir, 'coffer-secrets.d.ts')
  return writeOrCheck(secretNamesOf(manifest), { out, check: options.check }, session)
}
