import { z } from 'zod'
import { TokenSettings, TokenSettingsBody } from './app-roles.ts'
import { allOf, jsonMembers, texts, wholeHere } from './common.ts'
import { UnknownPolicies } from './tokens.ts'

/** Issuers of JWTs, and the roles that their bearers log in to. */

const ISSUER = {
  discoveryUrl: z.string().optional(),
  jwksUrl: z.string().optional(),
  publicKeys: z.array(z.string()).optional(),
  caPem: z.string().optional(),
  boundIssuer: z.string().optional(),
  algorithms: z.array(z.string()).optional(),
  defaultRole: z.string().optional(),
}

/** Exactly one source of keys. */
export const JwtIssuerBody = z.strictObject(ISSUER)
export const JwtIssuer = z.strictObject({ mount: z.string(), ...ISSUER })
export const JwtIssuers = allOf(JwtIssuer)

const ROLE = {
  boundAudiences: z.array(z.string()),
  boundSubject: z.string().min(1).optional(),
  boundClaims: jsonMembers(),
  boundClaimsType: z.enum(['string', 'glob']),
  userClaim: z.string().min(1),
  claimMappings: texts(),
  clockSkewSeconds: wholeHere(-1),
  expirationLeewaySeconds: wholeHere(-1),
  notBeforeLeewaySeconds: wholeHere(-1),
}

export const JwtRole = z.strictObject({
  mount: z.string(),
  name: z.string(),
  ...ROLE,
  token: TokenSettings,
})
export const JwtRoles = allOf(JwtRole)

/** What is left out keeps its value, or gets its default. */
export const JwtRoleBody = z
  .strictObject(ROLE)
  .partial()
  .extend({ token: TokenSettingsBody.optional(), unknownPolicies: UnknownPolicies.optional() })
