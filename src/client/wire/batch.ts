import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import { anyText, cursor, pageOf, path } from './common.ts'
import { Problem } from './problem.ts'
import { VersionAnswer, WriteBody, WriteReceipt } from './secrets.ts'

/** Many secrets in one request. */

export const ReadManyBody = z.strictObject({
  refs: z
    .array(
      z.strictObject({
        path: anyText(),
        version: z.number().optional(),
        label: anyText().optional(),
        deliverTo: anyText().optional().meta({
          description: 'Read to be delivered to this destination: needs `deliver` there.',
        }),
        elsewhere: anyText().optional().meta({
          description:
            'With `deliverTo`: the reference of another provider that the value comes from. It is decided and audited; the answer has no value.',
        }),
      }),
    )
    .meta({ maxItems: LIMITS.batchMax }),
})

/** `null` for what is absent; an error is told apart from it. */
export const ReadAnswer = z.union([
  z.strictObject({ value: VersionAnswer.nullable() }),
  z.strictObject({ error: Problem }),
])

export const ReadManyAnswer = z.strictObject({ answers: z.array(ReadAnswer) })

export const ReadBelowQuery = z.strictObject({
  prefix: z.string().optional(),
  cursor: cursor().optional(),
})

export const ReadBelowPage = pageOf(z.strictObject({ path: path(), answer: ReadAnswer }))

export const WriteManyBody = z.strictObject({
  items: z
    .array(z.strictObject({ path: path(), input: WriteBody }))
    .meta({ maxItems: LIMITS.writeManyMax }),
})

export const WriteManyAnswer = z.strictObject({ receipts: z.array(WriteReceipt) })
