import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { enable } from '../specs/versions.ts'
import { switchVersion } from '../switch-version.ts'

export const handle: Handler<typeof enable> = async ({ options, args: [given] }, session) =>
  switchVersion(session, await pathGiven(session, given, options), options.version, true)
