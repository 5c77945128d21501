import { Readable } from 'node:stream'
import * as wire from '../../../../client/wire/audit.ts'
import { route } from '../route.ts'

/** The audit log. Needs `audit` on `audit:log`. */
export const auditRoutes = [
  route({
    method: 'GET',
    url: '/audit',
    operation: 'manage',
    operationId: 'queryAudit',
    summary: 'The newest entries that match, newest last.',
    query: wire.AuditQuery,
    answer: { json: wire.AuditEntries },
    errors: ['invalid_pattern'],
    handle: async ({ coffer, query }) => ({ items: await coffer.audit.query(query) }),
  }),
  route({
    method: 'POST',
    url: '/audit/verify',
    operation: 'manage',
    operationId: 'verifyAudit',
    long: true,
    summary: 'Whether nothing was changed, cut or put in; also against a head that was kept.',
    body: wire.AuditVerifyBody.optional(),
    example: {},
    answer: { json: wire.AuditReport },
    errors: [],
    handle: ({ coffer, body }) => coffer.audit.verify({ checkpoint: body?.checkpoint }),
  }),
  route({
    method: 'GET',
    url: '/audit/head',
    operation: 'manage',
    operationId: 'auditHead',
    summary: 'The newest signed point of the log: what to keep elsewhere.',
    answer: { json: wire.AuditHead },
    errors: ['not_found', 'audit_tampered'],
    handle: ({ coffer }) => coffer.audit.head(),
  }),
  route({
    method: 'GET',
    url: '/audit/export',
    operation: 'manage',
    operationId: 'exportAudit',
    long: true,
    summary: 'The own lines of the log, which can be verified with its public key alone.',
    query: wire.AuditExportQuery,
    answer: {
      type: 'application/jsonl',
      says: 'Lines of JSON, as docs/formats/audit.md has them.',
    },
    errors: ['not_found'],
    async handle({ coffer, query: { fromSeq }, reply }) {
      const chunks = coffer.audit.export(fromSeq === undefined ? {} : { fromSeq })
      // The first chunk tells whether the caller may: until then an error is answered as one.
      const first = await chunks[Symbol.asyncIterator]().next()
      void reply.type('application/jsonl').send(Readable.from(rest(first, chunks)))
    },
  }),
]

async function* rest(
  first: IteratorResult<Uint8Array, unknown>,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done === true) return
  yield first.value
  yield* chunks
}
