import { connect } from 'node:net'
import nodeVault from 'node-vault'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../test-server.ts'
import { startTestServer } from '../../test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const client = () => nodeVault({ endpoint: server.url, token: server.adminToken })

it('works with node-vault, unmodified', async () => {
  const vault = client()
  expect(await vault.initialized()).toEqual({ initialized: true })
  expect(await vault.status()).toMatchObject({ sealed: false })
  expect(await vault.health()).toMatchObject({ initialized: true })
  await vault.write('secret/data/node/a', { data: { x: 1 } })
  expect((await vault.read('secret/data/node/a')).data.data).toEqual({ x: 1 })
  expect((await vault.list('secret/metadata/node')).data.keys).toEqual(['a'])
  expect((await vault.list('secret/metadata')).data.keys).toEqual(['node/'])
  await vault.update('secret/data/node/a', { data: { y: 2 } })
  expect((await vault.read('secret/data/node/a')).data.data).toEqual({ x: 1, y: 2 })
  await vault.delete('secret/data/node/a')
  await expect(vault.read('secret/data/node/a')).rejects.toMatchObject({
    response: { statusCode: 404 },
  })
  await vault.mount({ mount_point: 'nv', type: 'kv', options: { version: '1' } })
  await vault.write('nv/x', { z: 1 })
  expect((await vault.read('nv/x')).data).toEqual({ z: 1 })
  expect(Object.keys((await vault.mounts()).data)).toContain('nv/')
  await vault.unmount({ mount_point: 'nv' })
  await expect(nodeVault({ endpoint: server.url, token: 'wrong' }).mounts()).rejects.toMatchObject({
    response: { statusCode: 403, body: { errors: ['permission denied'] } },
  })
})

it('answers the method LIST', async () => {
  await client().write('secret/data/raw/a', { data: {} })
  const answer = await raw(
    `LIST /v1/secret/metadata/raw HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.adminToken}\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toContain('"data":{"keys":["a"]}')
})

it('answers what is malformed in the words of Vault, and goes on', async () => {
  const token = `X-Vault-Token: ${server.adminToken}\r\n`
  const requests: readonly (readonly [string, number])[] = [
    [`GET /v1/secret/data/%zz HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 400],
    [`GET /v1/secret/data/%00 HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 400],
    [`GET /v1/secret/data/a%2f%2e%2e%2fb HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 400],
    [`GET /v1/secret/data/${'a'.repeat(600)} HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 413],
    [`OPTIONS /v1/secret/data/a HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 405],
    [`HEAD /v1/secret/data/a HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 405],
    [`POST /v1/secret/data/a HTTP/1.1\r\nHost: x\r\n${token}Content-Length: 1\r\n\r\n{`, 400],
    [`POST /v1/secret/data/a HTTP/1.1\r\nHost: x\r\n${token}Content-Length: 99999999\r\n\r\n`, 413],
    [`GET /v1/ HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 404],
    [`GET /v1 HTTP/1.1\r\nHost: x\r\n${token}\r\n`, 404],
  ]
  for (const [request, status] of requests) {
    const answer = await raw(request)
    const line = request.slice(0, 40)
    expect([line, answer.slice(9, 12)]).toEqual([line, String(status)])
    expect(answer).not.toContain('    at ')
    if (request.startsWith('GET') && status === 400) expect(answer).toContain('{"errors":[')
  }
  expect((await client().health()).sealed).toBe(false)
})

/** Sends bytes and reads to the end of the connection, which the request asks to close. */
function raw(request: string): Promise<string> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (data) => (answer += data.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    socket.write(request.replace('Host: x\r\n', 'Host: x\r\nConnection: close\r\n'))
  })
}
