import { expect, test } from 'vitest'
import { isCofferError } from '../../src/core/errors.ts'
import type { Action, Rule } from '../../src/core/policy/policy.ts'
import { ACTIONS } from '../../src/core/policy/policy.ts'
import type { Coffer } from '../../src/core/ports/coffer.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { admin, newHome } from '../support/platform.ts'

const PATHS = ['shop/prod/db', 'shop/prod/db/x', 'shop/dev/db', 'shop']
const PATTERNS = [...PATHS, '**', '*', 'shop/**', 'shop/*', 'shop/*/db', 'shop/p*/**', '**/db']
const CALLS: Partial<Record<Action, (coffer: Coffer, path: string) => Promise<unknown>>> = {
  read: (c, path) => c.read({ path }),
  describe: (c, path) => c.describe(path),
  write: (c, path) => c.write(path, { value: 'x' }),
  rotate: (c, path) => c.rotate(path),
  label: (c, path) => c.label(path, { label: 'blue', to: 1 }),
  update: (c, path) => c.update(path, { owner: 'x' }),
  destroy: (c, path) => c.destroy(path, [999]),
  undelete: (c, path) => c.undelete(path),
}

const random = seededRandom('oracle')
const below = (n: number) => (random(4)[0]! * 256 + random(1)[0]!) % n
const some = <T>(of: readonly T[]): T => of[below(of.length)]!

const randomRule = (): Rule => ({
  effect: below(3) === 0 ? 'deny' : 'allow',
  actions: Array.from({ length: 1 + below(4) }, () => some([...ACTIONS, '*'] as const)),
  paths: Array.from({ length: 1 + below(2) }, () => some(PATTERNS)),
})

test('under random policies, every method does what the policy test says', async () => {
  const platform = await (await newHome()).open()
  const coffer = admin(platform)
  await coffer.writeMany(PATHS.map((path) => ({ path, input: { value: 'x' } })))
  const actor = platform.as('service:random')
  let [allowed, denied] = [0, 0]
  for (let round = 0; round < 25; round++) {
    for (const combine of ['denyWins', 'mostSpecific'] as const) {
      const rules = Array.from({ length: below(6) }, randomRule)
      await coffer.access.putPolicy({ name: combine.toLowerCase(), combine, rules })
    }
    const policies = ['denywins', 'mostspecific']
    await coffer.access.putActor({ name: actor.actor, policies, roles: [] })
    const listed = new Set((await actor.list()).items.map((item) => item.path))
    for (const path of PATHS) {
      const may = async (action: Action) =>
        (await coffer.access.test({ actor: actor.actor, action, path })).allowed
      expect(listed.has(path), `list ${path} in round ${round}`).toBe(await may('list'))
      for (const [action, call] of Object.entries(CALLS)) {
        const code = await call(actor, path).then(
          () => undefined,
          (error: unknown) => (isCofferError(error) ? error.code : String(error)),
        )
        const expected = await may(action as Action)
        expect(code !== 'denied', `${action} ${path} in round ${round}: ${code}`).toBe(expected)
        if (expected) allowed += 1
        else denied += 1
      }
    }
  }
  expect(Math.min(allowed, denied)).toBeGreaterThan(150)
})
