import { changeVersion } from '../change-version.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { enable } from '../specs/versions.ts'

export const handle: Handler<typeof enable> = async ({ options, args: [given] }, session) =>
  changeVersion(
    session,
    await pathGiven(session, given, options),
    options.version,
    { enabled: true },
    'enabled',
  )
