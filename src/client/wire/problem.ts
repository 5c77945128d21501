import { z } from 'zod'
import { ERRORS } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'

const CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

/** RFC 9457, with our stable code, what to do next, and names and numbers for programs. */
export const Problem = z.strictObject({
  type: z.string().meta({ examples: ['urn:coffer:error:not_found'] }),
  title: z.string(),
  status: z.number().int().min(400).max(599),
  detail: z.string(),
  code: z.enum(CODES),
  remedy: z.string(),
  details: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
  ),
  request: z.string().optional().meta({ description: 'Names the request in the audit log.' }),
})
