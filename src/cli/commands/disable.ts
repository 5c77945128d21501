import type { Handler } from '../spec.ts'
import type { disable } from '../specs/versions.ts'
import { switchVersion } from '../switch-version.ts'

export const handle: Handler<typeof disable> = ({ options, args: [path] }, session) =>
  switchVersion(session, path, options.version, false)
