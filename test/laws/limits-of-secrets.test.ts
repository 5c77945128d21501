import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import type { Coffer, MetadataChange } from '../../src/core/ports/coffer.ts'
import { admin, newHome } from '../support/platform.ts'

/** Limits of what dialects, tokens, windows and actors need: at the limit, and one past it. */
interface Try {
  readonly at: (coffer: Coffer) => Promise<unknown>
  readonly past: (coffer: Coffer) => Promise<unknown>
}

const members = <T>(count: number, member: T) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}`, member]))

/** A JSON object of exactly so many bytes, as `{"aws":{"x":"…"}}`. */
const dialects = (bytes: number) => ({ aws: { x: 'x'.repeat(bytes - '{"aws":{"x":""}}'.length) } })

const change = (at: MetadataChange, past: MetadataChange): Try => ({
  at: (coffer) => coffer.update('shop/a', at),
  past: (coffer) => coffer.update('shop/a', past),
})

const actor = (count: number) => async (coffer: Coffer) => {
  const policies = Array.from({ length: count }, (_, i) => `p${i}`)
  for (const name of policies) await coffer.access.putPolicy({ name, rules: [] })
  await coffer.access.putActor({ name: 'service:many', policies, roles: [] })
}

const window = (recoveryDays: number) => async (coffer: Coffer) => {
  await coffer.write('shop/gone', { value: 'x' })
  await coffer.delete('shop/gone', { recoveryDays })
  await coffer.undelete('shop/gone')
}

const TRIES: Readonly<Record<string, Try>> = {
  tokenCharsMin: {
    at: (coffer) => coffer.write('shop/t', { value: 'x', token: 't'.repeat(LIMITS.tokenCharsMin) }),
    past: (coffer) => coffer.write('shop/t', { value: 'x', token: '' }),
  },
  policiesPerActorMax: {
    at: actor(LIMITS.policiesPerActorMax),
    past: actor(LIMITS.policiesPerActorMax + 1),
  },
  recoveryWindowDaysMin: {
    at: (coffer) => coffer.delete('shop/b', { recoveryDays: LIMITS.recoveryWindowDaysMin }),
    past: window(LIMITS.recoveryWindowDaysMin - 1),
  },
  recoveryWindowDaysMax: {
    at: window(LIMITS.recoveryWindowDaysMax),
    past: window(LIMITS.recoveryWindowDaysMax + 1),
  },
  dialectsMax: change(
    { spellings: members(LIMITS.dialectsMax, 'x') },
    { spellings: members(LIMITS.dialectsMax + 1, 'x') },
  ),
  spellingCharsMax: change(
    { spellings: { aws: 'x'.repeat(LIMITS.spellingCharsMax) } },
    { spellings: { aws: 'x'.repeat(LIMITS.spellingCharsMax + 1) } },
  ),
  dialectBytesMax: change(
    { dialects: dialects(LIMITS.dialectBytesMax) },
    { dialects: dialects(LIMITS.dialectBytesMax + 1) },
  ),
  versionIdCharsMax: {
    at: (coffer) => written(coffer, LIMITS.versionIdCharsMax),
    past: (coffer) => written(coffer, LIMITS.versionIdCharsMax + 1),
  },
}

const written = (coffer: Coffer, chars: number) =>
  coffer.write('shop/v', { value: 'x', ids: { aws: 'x'.repeat(chars) } })

test.each(Object.entries(TRIES))(
  '%s is accepted at the limit, refused past it',
  async (_, limit) => {
    const coffer = admin(await (await newHome()).open())
    await coffer.write('shop/a', { value: 'a' })
    await coffer.write('shop/b', { value: 'b' })
    await limit.at(coffer)
    const refusal = expect.stringMatching(
      /^(too_large|invalid_argument|limit_exceeded|invalid_policy)$/,
    )
    await expect(limit.past(coffer)).rejects.toMatchObject({ code: refusal })
  },
)
