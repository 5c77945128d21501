import { expect } from 'vitest'
import type { Coffer, SecretVersion } from '../../core/ports/coffer.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Policy, Rule } from '../../core/policy/policy.ts'
import type { SecretValue } from '../../core/value.ts'
import { refusalOf } from '../refusal.ts'

/** One fresh, empty store behind the interface under test. */
export interface CofferWorld {
  /** An actor who has the built-in policy `admin`. */
  readonly admin: string
  /** The interface, bound to an actor that may or may not be known to the store. */
  as(actor: string): Coffer
  /** What the store's clock says, in milliseconds since 1970. */
  now(): number
  /** Lets that clock go on. */
  advance(ms: number): void
  close(): Promise<void>
}

/** What every group of the contract works with: a world, and paths that no other test uses. */
export interface Stage {
  readonly world: CofferWorld
  readonly coffer: Coffer
  /** A subtree of its own. */
  fresh(): string
}

export const DAY_MS = 86_400_000

/** @throws Error unless the call is refused with this code */
export async function expectRefusal(
  code: ErrorCode | readonly ErrorCode[],
  run: () => Promise<unknown>,
): Promise<void> {
  const error = await refusalOf(run)
  expect([code].flat(), `${error.code}: ${error.message}`).toContain(error.code)
}

/** The value that a read reveals; `undefined` when the secret is absent. */
export const revealed = (found: SecretVersion | undefined): SecretValue | undefined =>
  found?.secret.reveal()

/** Gives an actor rules of its own and nothing else; returns its Coffer. */
export async function actorWith(
  { world, coffer }: Stage,
  name: string,
  rules: readonly Rule[],
  combine: Policy['combine'] = 'denyWins',
): Promise<Coffer> {
  await coffer.access.putPolicy({ name: `of-${name}`, combine, rules })
  await coffer.access.putActor({ name: `service:${name}`, policies: [`of-${name}`], roles: [] })
  return world.as(`service:${name}`)
}
