import { z } from 'zod'
import { accessName, actorName, allOf, instant, texts, wholeHere } from './common.ts'
import { UnknownPolicies } from './tokens.ts'

/** Roles that machines log in to with a role id and a secret id. */

const TOKEN = {
  actor: actorName().optional(),
  policies: z.array(accessName()),
  ttlSeconds: wholeHere(0),
  maxTtlSeconds: wholeHere(0),
  periodSeconds: wholeHere(0),
  uses: wholeHere(0),
  boundCidrs: z.array(z.string()),
}

/** What tokens of a role are like. */
export const TokenSettings = z.strictObject(TOKEN)
export const TokenSettingsBody = z.strictObject(TOKEN).partial()

const ROLE = {
  roleId: z.string(),
  bindSecretId: z.boolean(),
  secretIdTtlSeconds: wholeHere(0),
  secretIdUses: wholeHere(0),
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
  ttlSeconds: wholeHere(0).optional(),
  uses: wholeHere(0).optional(),
  cidrs: z.array(z.string()).optional(),
  tokenBoundCidrs: z.array(z.string()).optional(),
  secretId: z.string().optional(),
})

export const SecretIdRecord = z.strictObject({
  accessor: z.string(),
  createdAt: instant(),
  updatedAt: instant(),
  expiresAt: instant().optional(),
  ttlSeconds: wholeHere(0),
  usesLeft: wholeHere(0),
  metadata: texts(),
  cidrs: z.array(z.string()),
  tokenBoundCidrs: z.array(z.string()),
})
export const SecretIdRecords = allOf(SecretIdRecord)

/** `secretId` is shown once, here. */
export const CreatedSecretId = z.strictObject({ secretId: z.string(), record: SecretIdRecord })

export const SecretIdSelector = z.union([
  z.strictObject({ secretId: z.string() }),
  z.strictObject({ accessor: z.string() }),
])
