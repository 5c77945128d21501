import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { createApp } from '../app.ts'
import { callerOf } from '../caller.ts'
import { ADMIN, startTestServer } from '../test-server.ts'
import type { LogLevel } from './log.ts'
import { createLog } from './log.ts'

function gathered(options: { readonly text?: boolean; readonly level?: LogLevel } = {}) {
  const lines: string[] = []
  const { text = false, level = 'info' } = options
  const log = createLog({ level, text }, (line) => void lines.push(line))
  return { log, lines }
}

test('a request is one line of JSON with these fields and no others', async () => {
  const { log, lines } = gathered()
  const served = await startTestServer()
  const app = await createApp(served.server, {
    watchers: [log],
    observers: [
      (scope) => {
        scope.route({
          method: 'POST',
          url: '/try/:what',
          handler: async (request) => {
            const token = request.headers.authorization?.slice('Bearer '.length)
            const { coffer } = await callerOf(served.server, request, token, 'http', 'write')
            await coffer.write('a/b', { value: String(request.body) })
            throw new CofferError('store_busy', 'The store is busy.')
          },
        })
      },
    ],
  })
  onTestFinished(async () => {
    await app.close()
    await served.close()
  })
  const canary = randomBytes(12).toString('hex')
  const authorization = `Bearer ${served.adminToken}`
  const sent = { method: 'POST', url: `/try/${canary}?q=${canary}`, payload: canary } as const
  const headers = { 'content-type': 'text/plain', 'x-canary': canary }
  await app.inject({ ...sent, headers: { ...headers, authorization } })
  await app.inject({ ...sent, headers: { ...headers, authorization: `Bearer ${canary}` } })
  await app.inject({ ...sent, url: `/${canary}`, headers })
  expect(lines).toHaveLength(3)
  const [failed, refused, absent] = lines.map((line) => JSON.parse(line) as object)
  expect(failed).toEqual({
    level: 'error',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    via: 'http',
    operation: 'write',
    status: 503,
    ms: expect.any(Number),
    request: expect.any(String),
    address: '127.0.0.1',
    actor: ADMIN,
    code: 'store_busy',
    msg: 'request',
  })
  expect(refused).toMatchObject({ level: 'info', status: 401, code: 'unauthenticated' })
  expect(refused).not.toHaveProperty('actor')
  expect(absent).toMatchObject({ status: 404, via: 'none', operation: 'none' })
  expect(lines.join('')).not.toContain(canary)
  expect(lines.join('')).not.toContain(served.adminToken)
})

test('on a terminal it is text, without control characters from outside', () => {
  const { log, lines } = gathered({ text: true })
  log.ended({
    via: 'aws',
    operation: 'read',
    status: 200,
    ms: 1.23456,
    request: 'r1',
    address: '127.0.0.1',
    actor: 'service:\u001b[2Jevil line\n',
  })
  expect(lines).toEqual([
    expect.stringMatching(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}request via=aws operation=read status=200 ms=1.235 request=r1 address=127.0.0.1 actor="service:\\u001b\[2Jevil line\\n"\n$/,
    ),
  ])
})

test('of an unknown error only its kind is told; of ours its code and its sentence', () => {
  const { log, lines } = gathered()
  const canary = randomBytes(12).toString('hex')
  log.warn('the store could not be opened', new TypeError(canary))
  log.warn('the store could not be opened', new CofferError('store_busy', 'It is busy.'))
  const told = lines.map((line) => JSON.parse(line) as object)
  expect(told[0]).toMatchObject({ level: 'warn', code: 'internal', error: 'TypeError' })
  expect(told[1]).toMatchObject({ code: 'store_busy', error: 'It is busy.' })
  expect(lines.join('')).not.toContain(canary)
})

test('a sealed store is told at the level of any other answer', () => {
  const { log, lines } = gathered()
  const facts = { via: 'http', operation: 'read', ms: 1, request: 'r', address: '::1' } as const
  log.ended({ ...facts, status: 503, code: 'sealed' })
  log.ended({ ...facts, status: 503 })
  log.ended({ ...facts, status: 500, code: 'internal' })
  const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level)
  expect(levels).toEqual(['info', 'info', 'error'])
})

test('what is below the level is not told', () => {
  const { log, lines } = gathered({ level: 'warn' })
  log.note('listening')
  expect(lines).toEqual([])
})
