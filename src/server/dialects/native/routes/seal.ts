import { Nothing } from '../../../../client/wire/common.ts'
import * as wire from '../../../../client/wire/platform.ts'
import { loggingIn } from '../../../caller.ts'
import { VIA, openRoute, operatorOf, route } from '../route.ts'

/** Whether the store is open, and opening it. */
export const sealRoutes = [
  openRoute({
    method: 'GET',
    url: '/health',
    operation: 'probe',
    operationId: 'health',
    summary: 'Whether the server can hand out secrets.',
    answer: { json: wire.Health },
    errors: [],
    async handle({ server }) {
      const { initialized, sealed } = server.gate.status()
      return { status: !initialized ? 'uninitialized' : sealed ? 'sealed' : 'ok' }
    },
  }),
  openRoute({
    method: 'GET',
    url: '/seal-status',
    operation: 'probe',
    operationId: 'sealStatus',
    summary: 'Whether the store is sealed, and how many shares of its root key are there.',
    answer: { json: wire.SealStatus },
    errors: [],
    handle: async ({ server }) => server.gate.status(),
  }),
  openRoute({
    method: 'POST',
    url: '/unseal',
    operation: 'login',
    operationId: 'unseal',
    summary: 'Submit a share of the root key, or forget those that were submitted.',
    body: wire.UnsealBody,
    example: { share: 'a share of the root key' },
    answer: { json: wire.SealStatus },
    errors: ['wrong_key', 'invalid_key', 'conflict'],
    async handle({ server, request, body }) {
      const from = { address: request.ip, via: VIA, request: request.id }
      return loggingIn(server, request, VIA, 'unseal', async () =>
        'share' in body ? server.gate.submit(body.share, from) : server.gate.reset(from),
      )
    },
  }),
  route({
    method: 'POST',
    url: '/seal',
    operation: 'manage',
    operationId: 'seal',
    summary: 'Close the store and forget its keys. Needs `admin` on `store:seal`.',
    body: Nothing,
    answer: 'nothing',
    errors: [],
    handle: (call) => call.server.gate.seal(operatorOf(call)),
  }),
]
