import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import type { Provider, ProviderRef } from '../core/ports/provider.ts'
import { textSecret } from '../core/secret.ts'
import { refusalOf } from '../testing/refusal.ts'
import { ConfigError, defineConfig, secretRef } from './index.ts'

/** A provider that keeps a diary. */
function slow(batchMax: number, options: { waitMs?: number; hang?: boolean } = {}) {
  const calls: (readonly ProviderRef[])[] = []
  let inFlight = 0
  let most = 0
  const provider: Provider = {
    kind: 'slow',
    batchMax,
    async resolve(refs, signal) {
      calls.push(refs)
      most = Math.max(most, ++inFlight)
      await (options.hang ? new Promise(() => signal) : sleep(options.waitMs ?? 1))
      inFlight--
      return refs.map(({ key }) => ({ value: { secret: textSecret(key, `value of ${key}`) } }))
    },
  }
  return { provider, calls, most: () => most }
}
const refs = (count: number) => Array.from({ length: count }, (_, i) => secretRef(`s:k${i}`))

test('references are asked for in batches, in parallel, each once', async () => {
  const { provider, calls } = slow(100)
  const cfg = await defineConfig([...refs(250), ...refs(250)]).load({ providers: { s: provider } })
  expect(calls.map((call) => call.length)).toEqual([100, 100, 50])
  expect(cfg.map((held) => held.reveal())).toEqual(
    [...refs(250), ...refs(250)].map(({ reference }) => `value of ${reference.ref.key}`),
  )
})

test('two fields of one secret are one question', async () => {
  const { provider, calls } = slow(100)
  const ref = { provider: 's', path: '{"a":1}' }
  const config = defineConfig([secretRef(ref), secretRef({ ...ref, encoding: 'utf8' })])
  await config.load({ providers: { s: provider } })
  expect(calls).toEqual([[{ provider: 's', key: '{"a":1}' }]])
})

test('a provider without batches is asked 20 times at once and no more', async () => {
  const { provider, calls, most } = slow(1)
  await defineConfig(refs(100)).load({ providers: { s: provider } })
  expect(calls).toHaveLength(100)
  expect(most()).toBe(20)
})

test('a provider that hangs is a timeout for its own references only', async () => {
  const hanging = slow(100, { hang: true })
  const good = slow(100)
  const config = defineConfig([secretRef('h:a'), secretRef('g:b'), secretRef('h:c').optional()])
  const providers = { h: hanging.provider, g: good.provider }
  const error = await refusalOf(() => config.load({ providers, timeoutMs: 30 }))
  expect(error instanceof ConfigError && error.problems.map((p) => `${p.field} ${p.code}`)).toEqual(
    ['0 timeout', '2 timeout'],
  )
})

afterEach(() => void vi.useRealTimers())

test('unless said otherwise, everything together has 10 s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { provider } = slow(1, { hang: true })
  let settled = false
  const load = refusalOf(() => defineConfig(refs(1)).load({ providers: { s: provider } }))
  const watched = load.finally(() => (settled = true))
  await vi.advanceTimersByTimeAsync(LIMITS.configTimeoutMs - 1)
  await new Promise((resolve) => setImmediate(resolve))
  expect(settled).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await watched).toMatchObject({ problems: [{ code: 'timeout' }] })
})

test('what was waiting when time ran out is never asked', async () => {
  const hanging = slow(1, { hang: true })
  const config = defineConfig(refs(40))
  await refusalOf(() => config.load({ providers: { s: hanging.provider }, timeoutMs: 20 }))
  expect(hanging.calls).toHaveLength(20)
})

test('an aborted signal is cancelled, before and during', async () => {
  const config = defineConfig(refs(2))
  const { provider, calls } = slow(1, { hang: true })
  const load = (signal: AbortSignal) => config.load({ providers: { s: provider }, signal })
  expect((await refusalOf(() => load(AbortSignal.abort()))).code).toBe('cancelled')
  expect(calls).toHaveLength(0)
  expect((await refusalOf(() => load(AbortSignal.timeout(20)))).code).toBe('cancelled')
})

test.each<[string, Partial<Provider>]>([
  ['rejects', { resolve: () => Promise.reject(new Error('canary')) }],
  [
    'throws',
    {
      resolve: () => {
        throw new Error('canary')
      },
    },
  ],
  ['answers too little', { resolve: () => Promise.resolve([]) }],
  ['answers with nothing', { resolve: () => Promise.resolve(undefined as never) }],
])('a provider that %s is a problem of every reference', async (_, broken) => {
  const provider = { kind: 'x', batchMax: 9, ...broken } as Provider
  const load = () => defineConfig(refs(2)).load({ providers: { s: provider } })
  const error = await refusalOf(load)
  const codes = error instanceof ConfigError ? error.problems.map((p) => p.code) : []
  expect(codes).toEqual(['internal', 'internal'])
  expect(error.message).not.toContain('canary')
})

test('what is absent is told with where it was looked for', async () => {
  const provider: Provider = {
    kind: 'far',
    batchMax: 10,
    resolve: async (refs) => refs.map(() => ({ value: undefined })),
    where: () => 'AWS Secrets Manager in eu-central-1',
  }
  const error = await refusalOf(() =>
    defineConfig([secretRef('s:k')]).load({ providers: { s: provider } }),
  )
  expect((error as ConfigError).problems[0]).toMatchObject({
    code: 'not_found',
    message: 'There is no such secret in AWS Secrets Manager in eu-central-1.',
  })
})
