import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SealContext } from '../core/ports/seal.ts'

/** A new world for `sealContract`: `env` and nothing else, and directories that do not exist yet. */
export function sealWorld(env: Readonly<Record<string, string>> = {}): SealContext {
  const here = join(tmpdir(), `coffer-seal-${randomBytes(8).toString('hex')}`)
  return {
    env,
    options: {},
    dataDir: `${here}-data`,
    configDir: `${here}-config`,
    random: (bytes) => randomBytes(bytes),
  }
}
