import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { disable } from '../specs/versions.ts'
import { switchVersion } from '../switch-version.ts'

export const handle: Handler<typeof disable> = async ({ options, args: [given] }, session) =>
  switchVersion(session, await pathGiven(session, given, options), options.version, false)
