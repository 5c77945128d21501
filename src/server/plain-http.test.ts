import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startServer } from './start.ts'
import { bareServer } from './test-socket.ts'

const dataDir = mkdtempSync(path.join(tmpdir(), 'coffer-plain-'))
const listen = { host: '127.0.0.1', port: 0 }
const server = await startServer(
  bareServer({ clock: Date.now }),
  { listen, tls: { dataDir, names: [] } },
  { warn: () => {} },
)
afterAll(async () => {
  await server.close(100)
  rmSync(dataDir, { recursive: true })
})

/** All that comes until the connection ends. */
const answerTo = (sent: string | Buffer) =>
  new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(server.port, listen.host, () => socket.write(sent))
    socket.setEncoding('latin1').on('data', (data: string) => void (text += data))
    socket.on('error', () => {}).once('close', () => resolve(text))
  })

test('plain HTTP at the port of HTTPS is told so, also many times at once', async () => {
  const asked = ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'POST /v1 HTTP/1.1\r\nHost: x\r\n\r\n{}']
  const all = await Promise.all([...asked, ...asked].map(answerTo))
  for (const answer of all) {
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\nThis port speaks HTTPS\.\n$/)
  }
})

test('what is neither gets no text', async () => {
  expect(await answerTo(Buffer.alloc(64))).not.toContain('HTTPS')
})
