import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import { label, path, whole } from './common.ts'

/** `Last-Event-ID` wins over `after`; neither: from now on. */
export const EventsQuery = z.strictObject({
  prefix: z.string().optional(),
  after: z.string().optional(),
})

/** The `data:` of one server-sent event; `id:` is the cursor, `event:` the action. */
export const ChangeEvent = z.strictObject({
  cursor: z.string(),
  at: whole(0),
  action: z.string(),
  path: path(),
  version: whole(1).optional(),
  label: label().optional(),
})

/** One stream for many paths. */
export const WatchBody = z.strictObject({
  paths: z.array(path()).min(1).max(LIMITS.batchMax),
})
