/**
 * A place that answers after `latencyMs`, in a process of its own: AWS Secrets Manager with batches,
 * Vault's KV 2 without, and one that refuses every token. Posts its address, then what it counted
 * whenever it is asked.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const latencyMs = Number(process.argv[2])
const refuses = process.argv[3] === 'refuses'
let calls = 0
let active = 0
let mostActive = 0

const server = createServer((request, response) => {
  calls++
  mostActive = Math.max(mostActive, ++active)
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    setTimeout(() => {
      active--
      const [status, body] = answer(request.url ?? '', Buffer.concat(chunks).toString())
      const type = request.method === 'POST' ? 'application/x-amz-json-1.1' : 'application/json'
      response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
    }, latencyMs)
  })
})

function answer(url: string, body: string): [status: number, body: object] {
  if (refuses) return [403, { errors: ['permission denied'] }]
  if (body !== '') {
    const { SecretIdList } = JSON.parse(body) as { SecretIdList: string[] }
    const one = (Name: string) => ({ ARN: `arn-${Name}`, Name, SecretString: `of ${Name}` })
    return [200, { SecretValues: SecretIdList.map(one), Errors: [] }]
  }
  if (url.includes('/sys/internal/ui/mounts/')) {
    return [200, { data: { path: 'secret/', type: 'kv', options: { version: '2' } } }]
  }
  const metadata = { version: 1, deletion_time: '', destroyed: false, created_time: '' }
  return [200, { data: { data: { value: `of ${url}` }, metadata } }]
}

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.on('message', () => {
  process.send?.({ calls, mostActive })
  calls = 0
  mostActive = 0
})
