import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { CofferError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { defineConfig, memoryProvider, secretRef } from './index.ts'

const start = async (options: { optional?: boolean } = {}) => {
  const memory = memoryProvider({ x: 'https://one', y: 'other' })
  const ref = secretRef('x', z.url())
  const config = defineConfig({ url: options.optional ? ref.optional() : ref })
  const cfg = await config.load({ providers: { coffer: memory } })
  const url = cfg.url as Secret<string>
  const seen: string[] = []
  const errors: unknown[] = []
  const listen = (now: Secret<string>) => void seen.push(now.reveal())
  const stop = url.onChange(listen, (error) => errors.push(error))
  return { memory, url, seen, errors, stop }
}
const settled = () => sleep(130)

test('a change is told with the validated new secret; the one that was loaded stays', async () => {
  const { memory, url, seen, stop } = await start()
  memory.set('x', 'https://two')
  await vi.waitFor(() => expect(seen).toEqual(['https://two']))
  expect(url.reveal()).toBe('https://one')
  stop()
})

test('what does not pass its schema goes to onError, without its value, and nothing changes', async () => {
  const { memory, seen, errors, stop } = await start()
  memory.set('x', 'canary')
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  expect(errors[0]).toMatchObject({ code: 'invalid_value' })
  expect(String(errors[0])).not.toContain('canary')
  memory.set('x', 'https://three')
  await vi.waitFor(() => expect(seen).toEqual(['https://three']))
  stop()
})

test.each([true, false])('an absence is an error, optional: %s', async (optional) => {
  const { memory, seen, errors, stop } = await start({ optional })
  memory.delete('x')
  await vi.waitFor(() => expect(errors).toMatchObject([{ code: 'not_found' }]))
  expect(seen).toEqual([])
  stop()
})

test('the same value again, and another secret, are no change', async () => {
  const { memory, seen, errors, stop } = await start()
  memory.set('x', 'https://one')
  memory.set('y', 'https://other')
  await settled()
  expect([seen, errors]).toEqual([[], []])
  stop()
})

test('a change between the load and the subscription is not missed', async () => {
  const memory = memoryProvider({ x: 'one' })
  const cfg = await defineConfig({ x: secretRef('x') }).load({ providers: { coffer: memory } })
  memory.set('x', 'two')
  const seen: string[] = []
  const stop = cfg.x.onChange((now) => void seen.push(now.reveal()))
  await vi.waitFor(() => expect(seen).toEqual(['two']))
  stop()
})

test('many changes at once are told once, the last of them', async () => {
  const { memory, seen, stop } = await start()
  for (let i = 0; i < 50; i++) memory.set('x', `https://n${i}`)
  await vi.waitFor(() => expect(seen).toEqual(['https://n49']))
  await settled()
  expect(seen).toHaveLength(1)
  stop()
})

test('one call at a time: a slow listener gets the latest afterwards', async () => {
  const memory = memoryProvider({ x: 'one' })
  const cfg = await defineConfig({ x: secretRef('x') }).load({ providers: { coffer: memory } })
  const seen: string[] = []
  let running = 0
  const stop = cfg.x.onChange(async (now) => {
    expect(++running).toBe(1)
    seen.push(now.reveal())
    await sleep(120)
    running--
  })
  memory.set('x', 'two')
  await vi.waitFor(() => expect(seen).toEqual(['two']))
  memory.set('x', 'three')
  memory.set('x', 'four')
  await vi.waitFor(() => expect(seen).toEqual(['two', 'four']))
  stop()
})

test('an error of the listener goes to onError, and the watch lives on', async () => {
  const memory = memoryProvider({ x: 'one' })
  const cfg = await defineConfig({ x: secretRef('x') }).load({ providers: { coffer: memory } })
  const errors: unknown[] = []
  const stop = cfg.x.onChange(
    (now) => {
      throw new Error(`pool of ${now}`)
    },
    (error) => errors.push(error),
  )
  memory.set('x', 'two')
  await vi.waitFor(() => expect(errors).toMatchObject([{ message: 'pool of [secret x]' }]))
  memory.set('x', 'three')
  await vi.waitFor(() => expect(errors).toHaveLength(2))
  stop()
})

test('an onError that throws ends no watch: it is a rejection that nobody handled', async () => {
  const rejections: unknown[] = []
  const heard = (reason: unknown) => void rejections.push(reason)
  // The runner's own listeners would call it a failure of this test.
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', heard)
  try {
    const { memory, url, stop } = await start()
    stop()
    const seen: string[] = []
    const end = url.onChange(
      (now) => {
        seen.push(now.reveal())
        throw new Error('of the listener')
      },
      () => {
        throw new Error('of onError')
      },
    )
    for (const value of ['https://two', 'https://three']) {
      memory.set('x', value)
      await vi.waitFor(() => expect(seen.at(-1)).toBe(value))
    }
    await vi.waitFor(() =>
      expect(rejections.map(String)).toEqual(Array(2).fill('Error: of onError')),
    )
    end()
  } finally {
    process.removeListener('unhandledRejection', heard)
    for (const other of others) process.on('unhandledRejection', other)
  }
})

test('once stopped, nothing is called, not even for what was under way', async () => {
  const { memory, seen, errors, stop } = await start()
  memory.set('x', 'https://two')
  stop()
  memory.set('x', 'nonsense')
  await settled()
  expect([seen, errors]).toEqual([[], []])
})

test('what may pass is tried again, and told once', async () => {
  const memory = memoryProvider({ x: 'one' })
  let failures = 1
  const resolve: typeof memory.resolve = async (refs, signal) =>
    failures-- > 0 ? refs.map(() => ({ error: PASSING })) : memory.resolve(refs, signal)
  failures = 0
  const flaky = { ...memory, resolve }
  const cfg = await defineConfig({ x: secretRef('x') }).load({ providers: { coffer: flaky } })
  failures = 1
  memory.set('x', 'two')
  const [seen, errors] = [[] as string[], [] as unknown[]]
  const stop = cfg.x.onChange(
    (now) => void seen.push(now.reveal()),
    (error) => errors.push(error),
  )
  await vi.waitFor(() => expect(seen).toEqual(['two']), { timeout: 3_000 })
  expect(errors).toEqual([PASSING])
  stop()
})

test('a change does not wait for a retry that is far off', async () => {
  const memory = memoryProvider({ x: 'one' })
  let down = false
  const resolve: typeof memory.resolve = async (refs, signal) =>
    down ? refs.map(() => ({ error: PASSING })) : memory.resolve(refs, signal)
  const providers = { coffer: { ...memory, resolve } }
  const cfg = await defineConfig({ x: secretRef('x') }).load({ providers })
  const [seen, errors] = [[] as string[], [] as unknown[]]
  down = true
  const stop = cfg.x.onChange(
    (now) => void seen.push(now.reveal()),
    (error) => errors.push(error),
  )
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  down = false
  memory.set('x', 'two')
  await vi.waitFor(() => expect(seen).toEqual(['two']), { timeout: 500 })
  stop()
})

const PASSING = new CofferError('unavailable', 'Down for a moment.')

test('a secret of a place that cannot be watched never calls', async () => {
  const cfg = await defineConfig({ x: secretRef('env:X') }).load({ processEnv: { X: 'x' } })
  const listener = vi.fn<() => void>()
  cfg.x.onChange(listener)()
  expect(listener).not.toHaveBeenCalled()
})
