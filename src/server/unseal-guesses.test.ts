import { expect, onTestFinished, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import { createApp } from './app.ts'
import { createGuard } from './guard/guard.ts'
import { createLocalAuthority } from './guard/local-authority.ts'
import { FAILURES_FREE, LOCK_MS } from './guard/lockout.ts'
import { ratesOf } from './guard/rates.ts'
import { createRefusals } from './guard/refusals.ts'
import { startTestServer } from './test-server.ts'

const WAYS = {
  native: ['/api/v1/unseal', { share: 'a guess' }],
  vault: ['/v1/sys/unseal', { key: 'a guess' }],
} as const

test.for(['native', 'vault'] as const)(
  'who guesses at the root key waits longer and longer: %s',
  async (way) => {
    let now = 0
    let tried = 0
    const refusals = createRefusals(async () => {})
    const authority = createLocalAuthority({ rates: ratesOf([]), refusals, clock: () => now })
    const guard = createGuard(authority, { throttled: () => {}, refused: () => {} })
    const served = await startTestServer()
    const submit = async () => {
      tried += 1
      throw new CofferError('wrong_key', 'That is not the root key.')
    }
    const gate = { ...served.server.gate, submit }
    const app = await createApp({ ...served.server, guard, gate })
    onTestFinished(async () => {
      await app.close()
      await served.close()
    })
    const [url, payload] = WAYS[way]
    const guess = async () => (await app.inject({ method: 'POST', url, payload })).statusCode
    for (let i = 0; i < FAILURES_FREE; i++) expect(await guess()).not.toBe(429)
    expect(await guess()).toBe(429)
    expect(tried).toBe(FAILURES_FREE)
    now += LOCK_MS
    expect(await guess()).not.toBe(429)
    expect(await guess()).toBe(429)
    expect(tried).toBe(FAILURES_FREE + 1)
  },
)
