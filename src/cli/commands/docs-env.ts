import { environmentsOf } from '../../config/generate/environments.ts'
import { onboardingOf } from '../../config/generate/onboarding.ts'
import { manifestHere, writeOrCheck } from '../generated.ts'
import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'docs', 'env'>> = async ({ options }, session) => {
  const { env, out, check } = options
  const manifest = await manifestHere(session)
  const page = onboardingOf(manifest, environmentsOf(manifest, env))
  if (out !== undefined) return writeOrCheck(page, { out, check }, session)
  if (check) throw usage('--check goes with --out.')
  await session.out.result({ markdown: page }, () => session.out.raw(page))
  return 0
}
