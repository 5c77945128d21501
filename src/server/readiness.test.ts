import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type { Platform } from '../core/ports/platform.ts'
import { createApp } from './app.ts'
import { counting, startTestServer } from './test-server.ts'
import type { TestServer } from './test-server.ts'

let served: TestServer
let app: FastifyInstance
let url = ''
let throughFastify = 0
let platform: Platform

beforeAll(async () => {
  served = await startTestServer()
  await served.platform.as('local:admin').write('app/x', { value: 'x' })
  const gate = { ...served.server.gate, platform: () => platform }
  const observers = [counting(() => void throughFastify++)]
  app = await createApp({ ...served.server, gate }, { observers })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await app.close()
  await served.close()
})

beforeEach(() => {
  platform = served.platform
})

const read = async (): Promise<number> => {
  const headers = { authorization: `Bearer ${served.adminToken}` }
  return (await fetch(`${url}/api/v1/secrets/app/x`, { headers })).status
}
const ready = async (): Promise<string> => (await fetch(`${url}/readyz`)).text()

/** The same platform, but for what fails. */
const failing = (overrides: Partial<Platform>): Platform => ({ ...served.platform, ...overrides })

test('a read that no router saw, and that the audit log refused, makes a server unready', async () => {
  const full = new CofferError('audit_unavailable', 'The disk is full.')
  const refuses = () => {
    throw full
  }
  expect([await read(), await ready()]).toEqual([200, 'ready\n'])
  throughFastify = 0
  platform = failing({ as: refuses, record: async () => refuses() })
  expect([await read(), throughFastify]).toEqual([503, 0])
  expect(await ready()).toBe('unavailable\n')
  platform = served.platform
  expect([await ready(), await read()]).toEqual(['ready\n', 200])
})

test('who cannot open values any more, since others made new keys, is not ready', async () => {
  const refuses = () => {
    throw new CofferError('sealed', 'The store was re-sealed under another root key.')
  }
  const keys = { ...served.platform.keys, status: async () => refuses() }
  platform = failing({ as: refuses, keys })
  expect([await read(), await ready(), await ready()]).toEqual([503, 'sealed\n', 'sealed\n'])
  platform = served.platform
  expect(await ready()).toBe('ready\n')
})

test('who cannot write any more since then, but reads what it has, is ready', async () => {
  const refuses = () => {
    throw new CofferError('sealed', 'The store was re-sealed under another root key.')
  }
  const keys = { ...served.platform.keys, status: async () => refuses() }
  platform = failing({ as: refuses, keys })
  const headers = {
    authorization: `Bearer ${served.adminToken}`,
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ value: 'y' })
  const written = await fetch(`${url}/api/v1/secrets/app/x`, { method: 'PUT', headers, body })
  expect([written.status, await ready()]).toEqual([503, 'ready\n'])
})
