import { expect, test } from 'vitest'
import type { Session } from '../../src/core/ports/identities.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { everyItem } from '../../src/core/paging.ts'
import { refusalOf } from '../../src/testing/refusal.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { admin, newHome } from '../support/platform.ts'

/** What a token should be, in the simplest words. */
interface Model {
  readonly token: string
  readonly accessor: string
  parent: Model | undefined
  expiresAt: number
  usesLeft: number
  ended: boolean
}

const STEPS = 400

/** Two processes, a clock, and any order of making, using, renewing, revoking and tidying. */
test(
  'whatever happens, a token is good exactly as long as its model says',
  { timeout: 60_000 },
  async () => {
    const random = seededRandom('tokens')
    const roll = (n: number): number => random(2).reduce((sum, byte) => sum * 256 + byte, 0) % n
    let now = Date.now()
    const home = await newHome()
    const platforms = [await home.open({ clock: () => now }), await home.open({ clock: () => now })]
    const either = () => platforms[roll(2)]!
    const tokens: Model[] = []
    const some = () => tokens[roll(tokens.length)]!
    const isGood = (token: Model): boolean =>
      !token.ended && token.expiresAt > now && (token.parent === undefined || isGood(token.parent))

    const use = async (token: Model): Promise<Session | undefined> => {
      const session = await either().identities.authenticate(token.token, {})
      expect(session !== undefined).toBe(isGood(token))
      if (session !== undefined && token.usesLeft > 0) {
        token.usesLeft -= 1
        if (token.usesLeft === 0) token.ended = true
      }
      return session
    }

    const steps: Record<string, () => Promise<void>> = {
      async make() {
        const [ttlSeconds, uses] = [1 + roll(300), roll(4) === 0 ? 1 + roll(3) : 0]
        const input = { policies: ['admin'], ttlSeconds, uses }
        const { token, record } = await admin(either()).identities.createToken(input)
        const expiresAt = now + ttlSeconds * 1_000
        const { accessor } = record
        tokens.push({
          token: token.reveal(),
          accessor,
          parent: undefined,
          expiresAt,
          usesLeft: uses,
          ended: false,
        })
      },
      async makeChild() {
        const parent = some()
        if (parent.usesLeft > 0) return
        const session = await use(parent)
        if (session === undefined) return
        const coffer = either().as(session.actor, {
          grants: session.grants,
          token: parent.accessor,
        })
        const ttlSeconds = 1 + roll(300)
        const made = coffer.identities.createToken({ policies: ['admin'], ttlSeconds })
        let depth = 0
        for (let at = parent.parent; at !== undefined; at = at.parent) depth += 1
        if (depth >= LIMITS.tokenDepthMax) {
          expect((await refusalOf(() => made)).code).toBe('limit_exceeded')
          return
        }
        const { token, record } = await made
        const expiresAt = now + ttlSeconds * 1_000
        const { accessor } = record
        tokens.push({
          token: token.reveal(),
          accessor,
          parent,
          expiresAt,
          usesLeft: 0,
          ended: false,
        })
      },
      async use() {
        await use(some())
      },
      async renew() {
        const token = some()
        const renewing = () =>
          admin(either()).identities.renewToken({ accessor: token.accessor }, 1 + roll(300))
        if (!isGood(token)) {
          expect((await refusalOf(renewing)).code).toBe('not_found')
          return
        }
        token.expiresAt = (await renewing()).expiresAt ?? 0
      },
      async revoke() {
        const token = some()
        const orphanChildren = roll(2) === 0
        const revoking = () =>
          admin(either()).identities.revokeToken({ accessor: token.accessor }, { orphanChildren })
        if (!isGood(token)) {
          expect((await refusalOf(revoking)).code).toBe('not_found')
          return
        }
        await revoking()
        token.ended = true
        for (const child of tokens) {
          if (orphanChildren && child.parent === token) child.parent = undefined
        }
      },
      async tidy() {
        await either().identities.tidy()
      },
      async wait() {
        now += roll(60) * 1_000
      },
    }
    await steps['make']!()
    const names = [
      'make',
      'makeChild',
      'makeChild',
      'use',
      'use',
      'use',
      'renew',
      'revoke',
      'tidy',
      'wait',
    ]
    for (let step = 0; step < STEPS; step++) await steps[names[roll(names.length)]!]!()
    for (const token of tokens) await use(token)
    const { identities } = admin(either())
    const listed = (await everyItem((page) => identities.tokens(page))).map(
      ({ accessor }) => accessor,
    )
    expect(listed.toSorted()).toEqual(
      tokens
        .filter(isGood)
        .map(({ accessor }) => accessor)
        .toSorted(),
    )
    expect(tokens.length).toBeGreaterThan(40)
    expect(tokens.some(isGood) && !tokens.every(isGood)).toBe(true)
    expect((await either().doctor()).ok).toBe(true)
  },
)
