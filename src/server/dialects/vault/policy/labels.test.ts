import { afterAll, beforeAll, expect, it } from 'vitest'
import { isCofferError } from '../../../../core/errors.ts'
import type { Action } from '../../../../core/policy/policy.ts'
import type { Coffer } from '../../../../core/ports/coffer.ts'
import type { TestServer } from '../../../test-server.ts'
import { ADMIN, startTestServer } from '../../../test-server.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const PATH = 'labelled/x'

/** Version 1 has no label, 2 has `previous` and `blue`, 3 `current`. */
async function fresh(): Promise<void> {
  const admin = server.platform.as(ADMIN)
  await admin.purge(PATH).catch(() => undefined)
  for (const a of [1, 2, 3])
    await admin.write(PATH, { value: JSON.stringify({ a }), type: { name: 'json' } })
  await admin.label(PATH, { label: 'blue', to: 2 })
}

/** The same twice: at a Vault address, and of the Coffer itself. */
const SAME: readonly (readonly [
  action: Action,
  method: string,
  address: string,
  body: object | undefined,
  natively: (coffer: Coffer) => Promise<unknown>,
])[] = [
  ...[1, 2, 3].flatMap((version) => [
    [
      'read',
      'GET',
      `subkeys/${PATH}?version=${version}`,
      undefined,
      (coffer: Coffer) => coffer.read({ path: PATH, version }),
    ] as const,
    [
      'delete',
      'POST',
      `delete/${PATH}`,
      { versions: [version] },
      (coffer: Coffer) => coffer.updateVersion(PATH, version, { deleted: true }),
    ] as const,
    [
      'undelete',
      'POST',
      `undelete/${PATH}`,
      { versions: [version] },
      (coffer: Coffer) => coffer.updateVersion(PATH, version, { deleted: false }),
    ] as const,
    [
      'destroy',
      'POST',
      `destroy/${PATH}`,
      { versions: [version] },
      (coffer: Coffer) => coffer.destroy(PATH, [version]),
    ] as const,
  ]),
  ['read', 'GET', `subkeys/${PATH}`, undefined, (coffer) => coffer.read({ path: PATH })],
  [
    'delete',
    'DELETE',
    `data/${PATH}`,
    undefined,
    (coffer) => coffer.updateVersion(PATH, 3, { deleted: true }),
  ],
  [
    'destroy',
    'POST',
    `destroy/${PATH}`,
    { versions: [2, 3, 9] },
    (coffer) => coffer.destroy(PATH, [2, 3]),
  ],
  ['destroy', 'DELETE', `metadata/${PATH}`, undefined, (coffer) => coffer.purge(PATH)],
]

const CONDITIONS = [
  [['current']],
  [['previous']],
  [['blue']],
  [['current', 'blue']],
  [['elsewhere']],
]

it.each(CONDITIONS)('a rule for %j decides as it does for the Coffer itself', async (labels) => {
  const grants = async (name: string, ...rules: readonly ('allow' | 'deny')[]) => {
    await server.platform.as(ADMIN).access.putPolicy({
      name,
      rules: rules.map((effect, i) => ({
        effect,
        actions: ['read', 'delete', 'undelete', 'destroy'],
        paths: ['labelled/**'],
        ...(i === 0 ? { conditions: { labels } } : {}),
      })),
    })
    const policies = { policies: [name], roles: [] }
    return {
      coffer: server.platform.as('test:labels', { grants: policies }),
      vault: vaultClient(server.url, await server.token({ policies: [name] })),
    }
  }
  const allowed = await grants(`allows-${labels.join('-')}`, 'allow')
  const denied = await grants(`denies-${labels.join('-')}`, 'deny', 'allow')
  const outcomes = new Set<boolean>()
  for (const { coffer, vault } of [allowed, denied]) {
    for (const [action, method, address, body, natively] of SAME) {
      await fresh()
      const { status } = await vault(method, `secret/${address}`, body as never)
      await fresh()
      const refused = await natively(coffer).then(
        () => false,
        (error: unknown) => isCofferError(error, 'denied'),
      )
      outcomes.add(refused)
      expect([action, method, address, body, status === 403]).toEqual([
        action,
        method,
        address,
        body,
        refused,
      ])
    }
  }
  expect(outcomes).toEqual(new Set([true, false]))
})
