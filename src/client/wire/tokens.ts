import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import {
  accessName,
  accessor,
  actorName,
  displayName,
  instant,
  mount,
  roleName,
  seconds,
  texts,
  wholeHere,
  pageOf,
} from './common.ts'

/** Tokens, and logging in for one. Seconds are whole; 0 stands for "without". */

export const Grants = z.strictObject({
  policies: z.array(z.string()),
  roles: z.array(z.string()),
})

export const TokenRecord = z.strictObject({
  accessor: z.string(),
  actor: z.string(),
  grants: Grants.optional(),
  displayName: z.string(),
  createdAt: instant(),
  ttlSeconds: wholeHere(0),
  expiresAt: instant().optional(),
  maxTtlSeconds: wholeHere(0),
  periodSeconds: wholeHere(0),
  renewable: z.boolean(),
  usesLeft: wholeHere(0),
  parent: z.string().optional(),
  path: z.string(),
  metadata: texts(),
  boundCidrs: z.array(z.string()),
})

export const TokenPage = pageOf(TokenRecord)

/** Names of policies that do not exist: refused, or kept until they do. */
export const UnknownPolicies = z.enum(['refuse', 'keep'])

export const TokenBody = z.strictObject({
  actor: actorName().optional(),
  policies: z.array(accessName()).optional(),
  roles: z.array(accessName()).optional(),
  ttlSeconds: seconds().optional(),
  maxTtlSeconds: seconds().optional(),
  periodSeconds: seconds().optional(),
  renewable: z.boolean().optional(),
  uses: wholeHere(0, LIMITS.tokenUsesMax).optional(),
  displayName: displayName().optional(),
  metadata: texts().optional(),
  boundCidrs: z.array(z.string()).optional(),
  orphan: z.boolean().optional(),
  unknownPolicies: UnknownPolicies.optional(),
})

/** `token` is shown once, here. */
export const CreatedToken = z.strictObject({ token: z.string(), record: TokenRecord })

/** A `TokenSelector`, with what else a request says beside it. */
const selectorWith = <T extends z.ZodRawShape>(more: T) =>
  z.union([
    z.strictObject({ token: z.string(), ...more }),
    z.strictObject({ accessor: accessor(), ...more }),
    z.strictObject({ self: z.literal(true), ...more }),
  ])

export const LookupBody = selectorWith({})
export const RenewBody = selectorWith({ incrementSeconds: seconds().optional() })
export const RevokeBody = selectorWith({ orphanChildren: z.boolean().optional() })

export const AppRoleLoginBody = z.strictObject({
  mount: mount().optional(),
  roleId: z.string(),
  secretId: z.string().optional(),
})

export const JwtLoginBody = z.strictObject({
  mount: mount().optional(),
  role: roleName().optional(),
  jwt: z.string(),
})

/** Who asks. */
export const Self = z.strictObject({
  actor: z.string(),
  grants: Grants.optional(),
  token: TokenRecord.optional(),
})
