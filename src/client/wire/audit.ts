import { z } from 'zod'
import { allOf, whole, wholeHere } from './common.ts'

/** The audit log. */

export const AuditQuery = z.strictObject({
  actor: z.string().optional(),
  action: z.string().optional(),
  outcome: z.enum(['allowed', 'denied', 'failed']).optional(),
  resource: z.string().optional().meta({ description: 'A path pattern.', minLength: 1 }),
  destination: z
    .string()
    .optional()
    .meta({ description: 'A pattern over ids of destinations.', minLength: 1 }),
  since: wholeHere(0, 8_640_000_000_000_000).optional(),
  until: wholeHere(0, 8_640_000_000_000_000).optional(),
  limit: whole(1, 10_000).optional(),
})

export const AuditEntry = z.strictObject({
  seq: whole(1),
  at: whole(0),
  actor: z.string(),
  action: z.string(),
  outcome: z.enum(['allowed', 'denied', 'failed']),
  resource: z.string().optional(),
  version: whole(1).optional(),
  label: z.string().optional(),
  destination: z.string().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
  generation: whole(1).optional(),
  via: z.string().optional(),
  request: z.string().optional(),
  address: z.string().optional(),
  accessor: z.string().optional(),
  prev: z.string(),
})

export const AuditEntries = allOf(AuditEntry)

export const AuditHead = z.strictObject({
  seq: wholeHere(0),
  hash: z.string(),
  generation: wholeHere(0),
  key: z.string(),
})

export const AuditVerifyBody = z.strictObject({ checkpoint: AuditHead.optional() })

export const AuditReport = z.strictObject({
  ok: z.boolean(),
  events: whole(0),
  segments: whole(0),
  unsigned: whole(0),
  head: AuditHead.optional(),
  problem: z
    .strictObject({ seq: whole(0), segment: z.string(), line: whole(0), what: z.string() })
    .optional(),
  warnings: z.array(z.string()),
})

export const AuditExportQuery = z.strictObject({ fromSeq: wholeHere(1).optional() })
