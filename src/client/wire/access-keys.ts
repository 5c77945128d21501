import { z } from 'zod'
import { accessName, actorName, displayName, instant, pageOf, seconds } from './common.ts'
import { Grants, UnknownPolicies } from './tokens.ts'

/** AWS-style pairs of id and secret. */

export const AccessKeyRecord = z.strictObject({
  id: z.string(),
  actor: z.string(),
  grants: Grants.optional(),
  createdAt: instant(),
  expiresAt: instant().optional(),
  disabled: z.boolean(),
  displayName: z.string(),
})

export const AccessKeyPage = pageOf(AccessKeyRecord)

export const AccessKeyBody = z.strictObject({
  actor: actorName().optional(),
  policies: z.array(accessName()).optional(),
  roles: z.array(accessName()).optional(),
  ttlSeconds: seconds().optional(),
  displayName: displayName().optional(),
  unknownPolicies: UnknownPolicies.optional(),
})

/** `secretAccessKey` is shown once, here. */
export const CreatedAccessKey = z.strictObject({
  record: AccessKeyRecord,
  secretAccessKey: z.string(),
})

export const AccessKeyChange = z.strictObject({ disabled: z.boolean() })
