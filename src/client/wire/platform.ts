import { z } from 'zod'
import { AuditReport } from './audit.ts'
import { allOf, instant, jsonObject, whole } from './common.ts'

/** What an operator asks of the platform itself. */

export const SettingsQuery = z.strictObject({ prefix: z.string().optional() })
export const Setting = jsonObject()
export const Settings = allOf(z.strictObject({ name: z.string(), body: jsonObject() }))

export const KeyStatus = z.strictObject({
  storeId: z.string(),
  seal: z.strictObject({ kind: z.string(), params: jsonObject() }),
  fingerprint: z.string(),
  activeTerm: whole(1),
  rotation: z.strictObject({ everyDays: whole(1).optional(), dueAt: instant().optional() }),
  terms: z.array(
    z.strictObject({
      term: whole(1),
      createdAt: instant(),
      state: z.enum(['active', 'retiring', 'destroyed']),
      fingerprint: z.string(),
      versions: whole(0),
      destroyedAt: instant().optional(),
    }),
  ),
  roots: z.array(
    z.strictObject({
      fingerprint: z.string(),
      seal: z.string(),
      since: instant(),
      until: instant().optional(),
    }),
  ),
  auditKey: z.string(),
})

export const KeyRotationReport = z.strictObject({
  term: whole(1),
  rewrapped: whole(0),
  retired: z.array(whole(1)),
  made: z.boolean(),
  seconds: z.number(),
})

export const DoctorReport = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      detail: z.string(),
      code: z.string().optional(),
      remedy: z.string().optional(),
    }),
  ),
  audit: AuditReport.optional(),
})

export const SweepReport = z.strictObject({
  purged: z.array(z.string()),
  rotated: z.array(z.string()),
  due: z.array(z.string()),
  failed: z.array(z.strictObject({ path: z.string(), code: z.string() })),
  failedUnnamed: whole(0),
  keyTerm: whole(1).optional(),
  digestOk: z.boolean(),
})

const withDamaged = z.boolean().optional()

/** Whom the backup is encrypted to: age recipients, or a passphrase. */
export const BackupBody = z.union([
  z.strictObject({ recipients: z.array(z.string()).min(1).max(20), withDamaged }),
  z.strictObject({ passphrase: z.string().min(1).max(1_024), withDamaged }),
])

export const Health = z.strictObject({
  status: z.enum(['ok', 'sealed', 'uninitialized']),
  version: z.string().optional(),
})

export const SealStatus = z.strictObject({
  initialized: z.boolean(),
  sealed: z.boolean(),
  kind: z.string(),
  threshold: whole(1),
  shares: whole(1),
  progress: whole(0),
  nonce: z.string(),
  storeId: z.string().optional(),
})

export const UnsealBody = z.union([
  z.strictObject({ share: z.string().max(1_024) }),
  z.strictObject({ reset: z.literal(true) }),
])
