import { expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { createApp } from './app.ts'
import type { RequestFacts } from './observe.ts'
import { bareServer } from './test-socket.ts'

test('watchers are told the code of the answer, also of what the framework refused', async () => {
  const facts: RequestFacts[] = []
  const app = await createApp(bareServer(), {
    watchers: [{ began() {}, ended: (seen) => void facts.push(seen) }],
    observers: [(fastify) => void fastify.post('/echo', async ({ body }) => ({ got: body }))],
  })
  const post = async (payload: string, type = 'application/json') => {
    const headers = { 'content-type': type }
    const answer = await app.inject({ method: 'POST', url: '/echo', headers, payload })
    return answer.json<{ code: string }>().code
  }
  const told = [
    await post('"'.padEnd(LIMITS.requestBodyBytesMax + 1, 'x')),
    await post('{'),
    await post('x', 'no/type'),
  ]
  expect(told).toEqual(['too_large', 'invalid_argument', 'invalid_argument'])
  expect(facts.map(({ code }) => code)).toEqual(told)
  await app.close()
})
