import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { aws } from '../destinations/aws.ts'
import { untilOver } from './until-over.ts'

/** Answers each request with another protocol, upon which Node's clients wait for ever. */
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () =>
    socket.write('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
  )
})
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)))
afterAll(() => server.close())

test('what never ends is over with the signal, and what ends before is had', async () => {
  expect(await untilOver(Promise.resolve(7), AbortSignal.timeout(60_000))).toBe(7)
  const why = new Error('enough')
  await expect(untilOver(new Promise(() => {}), AbortSignal.abort(why))).rejects.toBe(why)
  const ending = untilOver(new Promise(() => {}), AbortSignal.timeout(10))
  await expect(ending).rejects.toMatchObject({ name: 'TimeoutError' })
  await expect(untilOver(Promise.reject(why), AbortSignal.timeout(60_000))).rejects.toBe(why)
})

test('a process waits as long: it does not end as if the work were done', async () => {
  const url = JSON.stringify(new URL('./until-over.ts', import.meta.url).href)
  const program = `const { untilOver } = await import(${url})
    untilOver(new Promise(() => {}), AbortSignal.timeout(50)).catch(({ name }) => console.log(name))`
  const args = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toBe('TimeoutError\n')
})

test('a delivery ends when it is told to, also where the vendor’s client waits for ever', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
  const { port } = server.address() as AddressInfo
  const place = await aws({
    env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    options: { region: 'eu-west-1' },
    dir: '/nowhere',
    environment: 'prod',
  })
  const controller = new AbortController()
  const listed = place.list(
    { owner: 'shop/prod', signal: controller.signal, fingerprint: () => '' },
    ['key'],
  )
  setTimeout(() => controller.abort(), 300)
  await expect(listed).rejects.toMatchObject({ code: 'cancelled' })
  await place.close?.()
  vi.unstubAllEnvs()
})
