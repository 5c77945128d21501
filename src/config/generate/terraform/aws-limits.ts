/**
 * What AWS takes. Sources: Secrets Manager API reference, CreateSecret and Tag; IAM user guide, IAM
 * and STS quotas.
 */
export const AWS_LIMITS = {
  secretNameCharsMax: 512,
  descriptionCharsMax: 2_048,
  tagValueCharsMax: 256,
  /** Of a user, a role. */
  principalNameCharsMax: 64,
  /** Policies that one user or role can have attached. */
  policiesPerPrincipal: 10,
  /** Of one policy, blanks not counted. */
  policyCharsMax: 6_144,
  /** Rotations are no further apart. */
  rotateDaysMax: 90,
} as const

/** What a secret's name may hold there. */
export const SECRET_NAME = /^[A-Za-z0-9/_+=.@-]+$/

/** What a tag may not hold. */
export const TAG_TEXT = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu
