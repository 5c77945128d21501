import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { refusal, refusalOf } from '../testing/refusal.ts'
import { secretRef } from './index.ts'
import * as client from './client.ts'

const { defineClientConfig, env } = client

test('public variables are validated and frozen', async () => {
  const config = defineClientConfig({
    api: { url: env('VITE_API_URL', z.url()), retries: env('PUBLIC_RETRIES', z.coerce.number()) },
    name: 'shop',
  })
  const cfg = await config.load({ VITE_API_URL: 'https://a', PUBLIC_RETRIES: '3', SECRET: 'x' })
  expect(cfg).toEqual({ api: { url: 'https://a', retries: 3 }, name: 'shop' })
  expect(Object.isFrozen(cfg.api)).toBe(true)
})

test('every problem is told at once', async () => {
  const config = defineClientConfig({ a: env('VITE_A'), b: env('VITE_B', z.url()) })
  const error = await refusalOf(() => config.load({ VITE_B: 'canary' }))
  expect(error).toMatchObject({
    problems: [
      { field: 'a', code: 'not_found' },
      { field: 'b', code: 'invalid_value' },
    ],
  })
  expect(error.message).not.toContain('canary')
})

test('a variable that is not public is refused', () => {
  expect(refusal(() => defineClientConfig({ a: env('DATABASE_URL') })).code).toBe('invalid_config')
  defineClientConfig({ a: env('APP_X') }, { publicPrefixes: ['APP_'] })
})

test('a reference of the server is refused, by its type and when it runs', () => {
  // @ts-expect-error a secretRef is no part of a client's configuration
  expect(refusal(() => defineClientConfig({ a: secretRef('x') })).message).toContain('server')
  expect(refusal(() => defineClientConfig({ a: secretRef('x') as never })).code).toBe(
    'invalid_config',
  )
})

test('nothing that it imports, however far, is of Node or of the server', () => {
  const seen = new Set<string>()
  const visit = (url: URL) => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const code = readFileSync(url, 'utf8')
    for (const [, types, from] of code.matchAll(
      /^(?:import|export) (type )?\{[^']*\} from '([^']+)'/gm,
    )) {
      if (types === undefined) visit(new URL(from ?? '', url))
    }
    expect(code, url.href).not.toMatch(/\b(?:process|Buffer)\s*[.[]/)
  }
  visit(new URL('client.ts', import.meta.url))
  const names = [...seen].map((href) => href.slice(href.lastIndexOf('/') + 1))
  expect(names).toContain('validate.ts')
  expect(names.filter((name) => /secret|reference|provider|document|run/.test(name))).toEqual([])
  expect([...seen].filter((href) => !href.startsWith('file:'))).toEqual([])
  expect(new Set(Object.keys(client))).toEqual(
    new Set(['ConfigError', 'defineClientConfig', 'env']),
  )
})
