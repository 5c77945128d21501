/** The floor: bare node:http that answers a constant of as many bytes as it is told. */
import { createServer } from 'node:http'

const body = 'x'.repeat(Number(JSON.parse(process.argv[2] ?? '0')))
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }))
})
process.on('SIGTERM', () => process.exit(0))
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume()
