/**
 * Whether an actor is a credential with policies of its own, as logs name it: `token:…`, `jwt:…`. What
 * an actor of that name is given does not count for it.
 */
export const hasOwnPolicies = (actor: string): boolean =>
  CREDENTIALS.some((kind) => actor.startsWith(kind))

const CREDENTIALS = ['token:', 'access-key:', 'approle:', 'jwt:'] as const
