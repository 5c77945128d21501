import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Coffer } from '../../src/core/ports/coffer.ts'
import type { CreatedToken, Session, TokenInput } from '../../src/core/ports/identities.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import { refusalOf } from '../../src/testing/refusal.ts'
import { ADMIN, admin, newHome, tamper } from '../support/platform.ts'

const HERE = { address: '10.1.2.3' }

const make = (coffer: Coffer, input: TokenInput = { policies: ['none'] }): Promise<CreatedToken> =>
  coffer.identities.createToken(input)

/** What a server makes of a token. */
async function cofferOf(platform: Platform, token: string): Promise<Coffer> {
  const session = (await platform.identities.authenticate(token, HERE)) as Session
  const { actor, grants } = session
  return platform.as(actor, { grants, token: session.token?.accessor })
}

const isGood = async (platform: Platform, token: CreatedToken | string): Promise<boolean> => {
  const text = typeof token === 'string' ? token : token.token.reveal()
  return (await platform.identities.authenticate(text, HERE)) !== undefined
}

test('what is revoked by one process is dead on the next request to another', async () => {
  const home = await newHome()
  const [one, other] = [await home.open(), await home.open()]
  for (let i = 0; i < 10; i++) {
    const made = await make(admin(one))
    expect(await isGood(other, made)).toBe(true)
    let revoked = false
    const readers = [one, other].map(async (platform) => {
      for (let tries = 0; tries < 200; tries++) {
        const wasRevoked = revoked
        const good = await isGood(platform, made)
        expect(good && wasRevoked).toBe(false)
        if (!good) return
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await admin(i % 2 ? one : other).identities.revokeToken({ accessor: made.record.accessor })
    revoked = true
    expect(await isGood(one, made)).toBe(false)
    expect(await isGood(other, made)).toBe(false)
    await Promise.all(readers)
  }
})

test('a token of n uses is used n times, however many ask at once', async () => {
  const home = await newHome()
  const [one, other] = [await home.open(), await home.open()]
  const made = await make(admin(one), { policies: ['none'], uses: 7 })
  const tries = Array.from({ length: 40 }, (_, i) => isGood(i % 2 ? one : other, made))
  expect((await Promise.all(tries)).filter(Boolean).length).toBe(7)
  expect(await isGood(one, made)).toBe(false)
})

test('the last use of a token may still ask about itself, and makes no other', async () => {
  const platform = await (await newHome()).open()
  const made = await make(admin(platform), { policies: ['admin'], uses: 2 })
  const first = await cofferOf(platform, made.token.reveal())
  expect((await refusalOf(() => make(first))).code).toBe('denied')
  const last = await cofferOf(platform, made.token.reveal())
  expect((await last.identities.lookupToken({ self: true }))?.usesLeft).toBe(0)
  expect((await refusalOf(() => make(last))).code).toBe('denied')
  const { accessor } = made.record
  expect(await admin(platform).identities.lookupToken({ accessor })).toBeUndefined()
})

test('children end with the token that made them: revoked, expired, whichever is above', async () => {
  const home = await newHome()
  let now = Date.now()
  const platform = await home.open({ clock: () => now })
  const family = async (ttlSeconds: number): Promise<CreatedToken[]> => {
    const top = await make(admin(platform), { policies: ['admin'], ttlSeconds })
    const child = await make(await cofferOf(platform, top.token.reveal()), { policies: ['admin'] })
    const below = await make(await cofferOf(platform, child.token.reveal()))
    return [top, child, below]
  }
  const good = (tokens: readonly CreatedToken[]) =>
    Promise.all(tokens.map((token) => isGood(platform, token)))
  const first = await family(100)
  expect(first[1]?.record.parent).toBe(first[0]?.record.accessor)
  expect(await good(first)).toEqual([true, true, true])
  now += 100_000
  expect(await good(first)).toEqual([false, false, false])

  const second = await family(1_000)
  await admin(platform).identities.revokeToken({ accessor: second[1]!.record.accessor })
  expect(await good(second)).toEqual([true, false, false])

  const third = await family(1_000)
  const { accessor } = third[0]!.record
  await admin(platform).identities.revokeToken({ accessor }, { orphanChildren: true })
  expect(await good(third)).toEqual([false, true, true])
  const orphan = await admin(platform).identities.lookupToken({
    accessor: third[1]!.record.accessor,
  })
  expect(orphan?.parent).toBeUndefined()

  expect(await platform.identities.tidy()).toBe(3 + 1)
  expect(await platform.identities.tidy()).toBe(0)
  expect(await good(third)).toEqual([false, true, true])
  expect((await platform.doctor()).ok).toBe(true)
})

test('there are only so many tokens above a token', async () => {
  const platform = await (await newHome()).open()
  let made = await make(admin(platform), { policies: ['admin'] })
  for (let depth = 0; depth < LIMITS.tokenDepthMax; depth++) {
    made = await make(await cofferOf(platform, made.token.reveal()), { policies: ['admin'] })
  }
  const deepest = await cofferOf(platform, made.token.reveal())
  expect((await refusalOf(() => make(deepest))).code).toBe('limit_exceeded')
  expect(await isGood(platform, await make(deepest, { policies: ['none'], orphan: true }))).toBe(
    true,
  )
})

test('whoever may make tokens gives no more than it has', async () => {
  const platform = await (await newHome()).open()
  const { access } = admin(platform)
  await access.putPolicy({
    name: 'maker',
    rules: [
      { effect: 'allow', actions: ['write'], paths: ['token:create'] },
      { effect: 'allow', actions: ['read'], paths: ['shop/**'] },
    ],
  })
  await access.putPolicy({ name: 'more', rules: [] })
  await access.putRole({ name: 'makers', policies: ['maker'] })
  await access.putActor({ name: 'service:maker', policies: ['maker'], roles: [] })
  const { token } = await make(admin(platform), { roles: ['makers'] })
  const maker = await cofferOf(platform, token.reveal())
  expect((await make(maker, {})).record.grants).toEqual({ policies: [], roles: ['makers'] })
  expect(await isGood(platform, await make(maker, { policies: ['maker'] }))).toBe(true)
  expect(await isGood(platform, await make(maker, { roles: ['makers'], uses: 3 }))).toBe(true)
  const excesses: TokenInput[] = [
    { policies: ['maker', 'more'] },
    { policies: ['admin'] },
    { actor: ADMIN },
    { actor: 'service:maker' },
    { orphan: true },
    { ttlSeconds: 0 },
    { periodSeconds: 1 },
    { ttlSeconds: LIMITS.tokenTtlSecondsDefault + 1 },
    { maxTtlSeconds: LIMITS.tokenTtlSecondsDefault + 1 },
    { policies: ['not-there'], unknownPolicies: 'keep' },
  ]
  for (const input of excesses) {
    expect((await refusalOf(() => make(maker, input))).code, JSON.stringify(input)).toBe('denied')
  }
  const bound = await make(admin(platform), { policies: ['maker'], boundCidrs: ['10.0.0.0/8'] })
  const local = await cofferOf(platform, bound.token.reveal())
  expect((await make(local, {})).record.boundCidrs).toEqual(['10.0.0.0/8'])
  expect((await make(local, { boundCidrs: ['10.1.0.0/16'] })).record.boundCidrs.length).toBe(1)
  for (const boundCidrs of [[], ['0.0.0.0/0'], ['10.0.0.0/8', '11.0.0.0/8']]) {
    expect((await refusalOf(() => make(local, { boundCidrs }))).code).toBe('denied')
  }
  // Without a token of its own there is nothing that a child could end with.
  expect((await refusalOf(() => make(platform.as('service:maker'), {}))).code).toBe('denied')
  const plain = await cofferOf(platform, (await make(admin(platform))).token.reveal())
  expect((await refusalOf(() => make(plain, {}))).code).toBe('denied')
})

test('a token looks itself up, renews and revokes itself, and no other', async () => {
  const platform = await (await newHome()).open()
  const [mine, other] = [await make(admin(platform)), await make(admin(platform))]
  const { identities } = await cofferOf(platform, mine.token.reveal())
  expect(await identities.lookupToken({ self: true })).toEqual(mine.record)
  expect(await identities.lookupToken({ token: mine.token.reveal() })).toEqual(mine.record)
  await identities.renewToken({ accessor: mine.record.accessor })
  for (const which of [
    { accessor: other.record.accessor },
    { token: other.token.reveal() },
    { token: 'unknown' },
    { accessor: 'unknown' },
  ]) {
    expect((await refusalOf(() => identities.lookupToken(which))).code).toBe('denied')
    expect((await refusalOf(() => identities.renewToken(which))).code).toBe('denied')
    expect((await refusalOf(() => identities.revokeToken(which))).code).toBe('denied')
  }
  const self = { self: true } as const
  const orphaning = () => identities.revokeToken(self, { orphanChildren: true })
  expect((await refusalOf(orphaning)).code).toBe('denied')
  await identities.revokeToken(self)
  expect(await isGood(platform, mine)).toBe(false)
  expect(await isGood(platform, other)).toBe(true)
  expect((await refusalOf(() => make(platform.as('service:x', { token: 'gone' })))).code).toBe(
    'denied',
  )
})

test('a token is good from its addresses only', async () => {
  const platform = await (await newHome()).open()
  const { token } = await make(admin(platform), { policies: ['none'], boundCidrs: ['10.0.0.0/8'] })
  const from = async (address?: string) =>
    (await platform.identities.authenticate(token.reveal(), { address })) !== undefined
  expect(await from('10.255.0.1')).toBe(true)
  expect(await from('::ffff:10.0.0.1')).toBe(true)
  expect(await from('11.0.0.1')).toBe(false)
  expect(await from('not an address')).toBe(false)
  expect(await from()).toBe(false)
})

test('rows of credentials that were moved, exchanged or changed are refused', async () => {
  const home = await newHome()
  const foreign = await newHome()
  const platform = await home.open()
  const [weak, strong] = [
    await make(admin(platform)),
    await make(admin(platform), { policies: ['admin'] }),
  ]
  const abroad = await make(admin(await foreign.open()))
  const rowsOf = (where: typeof home) =>
    tamper(where, (rows) =>
      rows.heads({ kind: 'credential', from: 'token/', before: 'token0', limit: 9 }),
    )
  const [theirs] = await rowsOf(foreign)
  const mine = await rowsOf(home)
  const of = (accessor: string) => mine.find(({ head }) => Buffer.from(head).includes(accessor))!
  const [low, high] = [of(weak.record.accessor), of(strong.record.accessor)]
  const attempts = [
    { ...low, head: high.head },
    { ...low, head: Buffer.from(low.head).map((byte, i) => (i === 40 ? byte ^ 1 : byte)) },
  ]
  for (const row of attempts) {
    await tamper(home, (rows) => rows.putHead(row))
    // One that remembers the row keeps to what was authentic; nobody takes the changed one.
    const other = await home.open()
    expect((await refusalOf(() => isGood(other, weak))).code).toBe('corrupt')
    await tamper(home, (rows) => rows.putHead(low))
    expect(await isGood(other, weak)).toBe(true)
  }
  await tamper(home, (rows) => rows.putHead({ ...theirs!, generation: low.generation }))
  expect((await refusalOf(() => isGood(platform, abroad))).code).toBe('corrupt')
})

test('a revoked token that is put back into the store is found by the doctor', async () => {
  const home = await newHome()
  const platform = await home.open()
  const { record } = await make(admin(platform))
  const rows = await tamper(home, (all) => all.heads({ kind: 'credential', limit: 9 }))
  await admin(platform).identities.revokeToken({ accessor: record.accessor })
  await tamper(home, async (all) => {
    for (const row of rows) await all.putHead(row)
  })
  expect((await platform.doctor()).ok).toBe(false)
})

test('an older store put back behind our back revives nothing', async () => {
  const home = await newHome()
  const platform = await home.open()
  const made = await make(admin(platform))
  const before = await tamper(home, async (all) => ({
    state: (await all.state())!,
    rows: await all.heads({ kind: 'credential', limit: 9 }),
  }))
  await admin(platform).identities.revokeToken({ accessor: made.record.accessor })
  await tamper(home, async (all) => {
    await all.putState(before.state)
    for (const row of before.rows) await all.putHead(row)
  })
  expect((await refusalOf(() => isGood(platform, made))).code).toBe('store_rolled_back')
})

test('no credential is in the store, the log or an error in clear', async () => {
  const home = await newHome()
  const platform = await home.open()
  const { identities } = admin(platform)
  const { token } = await make(admin(platform))
  const { secretAccessKey, record } = await identities.createAccessKey({ policies: ['none'] })
  await identities.putAppRole({ mount: 'approle', name: 'ci', token: { policies: ['none'] } })
  const { roleId } = (await identities.appRole('approle', 'ci'))!
  const { secretId } = await identities.createSecretId('approle', 'ci')
  const login = { mount: 'approle', roleId, secretId: secretId.reveal() }
  const session = await platform.identities.loginAppRole(login, HERE)
  const wrong = { ...login, secretId: `${secretId.reveal()}x`, roleId }
  const error = await refusalOf(() => platform.identities.loginAppRole(wrong, HERE))
  await platform.identities.authenticate(token.reveal(), HERE)
  const shown = await platform.identities.accessKey(record.id, HERE)
  expect(shown?.secretAccessKey.reveal()).toBe(secretAccessKey.reveal())
  const secrets = [token, secretAccessKey, secretId, session.token].map((secret) => secret.reveal())
  await platform.close()
  const files = readdirSync(home.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  const written = [...files, JSON.stringify(error), String(error.stack)].join('\n')
  expect(written).toContain(record.id)
  for (const secret of secrets) expect(written).not.toContain(secret)
})
