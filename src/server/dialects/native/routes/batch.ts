import type { WireWrite } from '../../../../client/wire/codec.ts'
import { writeOfWire } from '../../../../client/wire/codec.ts'
import * as wire from '../../../../client/wire/batch.ts'
import { parseExactly } from '../../../../core/exact-json.ts'
import { WRITE_ERRORS } from '../refusals.ts'
import { refuseOtherPolicy } from '../resource-policy.ts'
import { route } from '../route.ts'
import { answerText } from '../versions.ts'
import { exactly, withToken } from './secrets.ts'

/** Many secrets in one request. */
export const batchRoutes = [
  route({
    method: 'POST',
    url: '/read',
    operation: 'read',
    operationId: 'readMany',
    summary: 'Read many values; one refusal does not fail the others.',
    body: wire.ReadManyBody,
    example: { refs: [{ path: 'shop/prod/api/stripe-key' }] },
    answer: { json: wire.ReadManyAnswer },
    errors: [],
    handle: ({ coffer, body: { refs }, request, large }) =>
      large.make(async () => {
        const answers = await coffer.readMany(refs)
        return `{"answers":[${answers.map((answer) => answerText(answer, request.id)).join()}]}`
      }),
  }),
  route({
    method: 'GET',
    url: '/read-below',
    operation: 'read',
    operationId: 'readBelow',
    summary: 'Read everything below a prefix that the caller may list, a page at a time.',
    query: wire.ReadBelowQuery,
    answer: { json: wire.ReadBelowPage },
    errors: ['invalid_path'],
    handle: ({ coffer, query: { prefix, cursor }, request, large }) =>
      large.make(async () => {
        const page = await coffer.readBelow({ prefix, cursor })
        const items = page.items.map(
          ({ path, answer }) =>
            `{"path":${JSON.stringify(path)},"answer":${answerText(answer, request.id)}}`,
        )
        const rest = page.cursor === undefined ? '' : `,"cursor":${JSON.stringify(page.cursor)}`
        return `{"items":[${items.join()}]${rest}}`
      }),
  }),
  route({
    method: 'POST',
    url: '/write',
    operation: 'write',
    operationId: 'writeMany',
    summary: 'Write many versions in one transaction: all or none.',
    body: wire.WriteManyBody,
    example: { items: [{ path: 'shop/dev/api/stripe-key', input: { value: 'sk_test' } }] },
    headers: ['idempotency-key'],
    answer: { json: wire.WriteManyAnswer },
    errors: WRITE_ERRORS,
    async handle(call) {
      const { coffer, body, text } = call
      let written: Written | undefined
      const exact = (i: number) => () => {
        written ??= parseExactly(text) as unknown as Written
        return written.items[i]!.input
      }
      const items = body.items.map(({ path, input }, i) => ({
        path,
        input: withToken(call, writeOfWire(exactly(input, exact(i)))),
      }))
      for (const { path, input } of items) await refuseOtherPolicy(call, path, input)
      return { receipts: await coffer.writeMany(items) }
    },
  }),
]

/** The body again, with every number as it was written. */
interface Written {
  readonly items: readonly { readonly input: WireWrite }[]
}
