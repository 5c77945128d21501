import type { Handler } from '../spec.ts'
import type { enable } from '../specs/versions.ts'
import { switchVersion } from '../switch-version.ts'

export const handle: Handler<typeof enable> = ({ options, args: [path] }, session) =>
  switchVersion(session, path, options.version, true)
