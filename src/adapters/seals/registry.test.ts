import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SealContext } from '../../core/ports/seal.ts'
import { sealContract } from '../../testing/seal-contract.ts'
import { SEALS } from './registry.ts'

function world(): SealContext {
  const here = join(tmpdir(), `coffer-seal-${randomBytes(8).toString('hex')}`)
  return {
    env: {
      COFFER_MASTER_KEY: randomBytes(32).toString('base64'),
      COFFER_PASSPHRASE: randomBytes(12).toString('base64'),
    },
    options: {},
    dataDir: `${here}-data`,
    configDir: `${here}-config`,
    random: (bytes) => randomBytes(bytes),
  }
}

for (const [name, seal] of Object.entries(SEALS)) sealContract(name, seal, world)

test('in an empty world some seal is ready, and it comes last', () => {
  const empty = { ...world(), env: {} }
  const ready = Object.values(SEALS).map((seal) => seal.ready(empty))
  expect(ready.at(-1)).toBe(true)
  expect(ready.slice(0, -1)).not.toContain(true)
})
