import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import {
  accessName,
  accessor,
  actorName,
  allOf,
  displayName,
  instant,
  seconds,
  texts,
  wholeHere,
  pageOf,
} from './common.ts'
import { UnknownPolicies } from './tokens.ts'

/** Roles that machines log in to with a role id and a secret id. */

const TOKEN = {
  actor: actorName().optional(),
  policies: z.array(accessName()),
  withDefault: z.boolean().optional(),
  ttlSeconds: seconds(),
  maxTtlSeconds: seconds(),
  periodSeconds: seconds(),
  uses: wholeHere(0, LIMITS.tokenUsesMax),
  boundCidrs: z.array(z.string()),
}

/** What tokens of a role are like. */
export const TokenSettings = z.strictObject(TOKEN)
export const TokenSettingsBody = z.strictObject(TOKEN).partial()

const ROLE = {
  roleId: displayName(),
  bindSecretId: z.boolean(),
  secretIdTtlSeconds: seconds(),
  secretIdUses: wholeHere(0, LIMITS.tokenUsesMax),
  secretIdBoundCidrs: z.array(z.string()),
}

export const AppRole = z.strictObject({
  mount: z.string(),
  name: z.string(),
  ...ROLE,
  token: TokenSettings,
})
export const AppRoles = allOf(AppRole)

/** What is left out keeps its value, or gets its default. */
export const AppRoleBody = z
  .strictObject(ROLE)
  .partial()
  .extend({ token: TokenSettingsBody.optional(), unknownPolicies: UnknownPolicies.optional() })

export const SecretIdBody = z.strictObject({
  metadata: texts().optional(),
  ttlSeconds: seconds().optional(),
  uses: wholeHere(0, LIMITS.tokenUsesMax).optional(),
  cidrs: z.array(z.string()).optional(),
  tokenBoundCidrs: z.array(z.string()).optional(),
  secretId: z.string().min(1).optional(),
})

export const SecretIdRecord = z.strictObject({
  accessor: z.string(),
  createdAt: instant(),
  updatedAt: instant(),
  expiresAt: instant().optional(),
  ttlSeconds: seconds(),
  usesLeft: wholeHere(0),
  metadata: texts(),
  cidrs: z.array(z.string()),
  tokenBoundCidrs: z.array(z.string()),
})
export const SecretIdPage = pageOf(SecretIdRecord)

/** `secretId` is shown once, here. */
export const CreatedSecretId = z.strictObject({ secretId: z.string(), record: SecretIdRecord })

export const SecretIdSelector = z.union([
  z.strictObject({ secretId: z.string() }),
  z.strictObject({ accessor: accessor() }),
])
