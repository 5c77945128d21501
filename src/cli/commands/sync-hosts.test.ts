import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as githubHost from '../../adapters/destinations/github/test-github.ts'
import * as vercelHost from '../../adapters/destinations/vercel/test-vercel.ts'
import { bench } from '../test-world.ts'

const VALUE = 'canary-9d1f-not-to-be-printed'
const REPO = '/repos/acme/shop/actions/secrets'
const MANIFEST = `
project: shop
environments: [prod]
secrets:
  api/stripe-key:
    deliver:
      - { to: vercel, project: prj_1, team: team_1, name: STRIPE_KEY }
      - { to: github, repository: acme/shop, name: STRIPE_KEY }
  api/db-url:
    deliver:
      - { to: vercel, project: prj_1, team: team_1, name: DB_URL }
`

test('a value reaches Vercel and GitHub once allowed, once, and again when somebody changed it', async () => {
  await using vercel = await vercelHost.testVercel()
  await using github = await githubHost.testGitHub()
  await using store = await bench()
  const cwd = join(store.dir, 'work')
  writeFileSync(join(cwd, 'coffer.yaml'), MANIFEST)
  const env = {
    COFFER_STATE_DIR: join(store.dir, 'state'),
    VERCEL_TOKEN: vercelHost.TOKEN,
    VERCEL_API_URL: vercel.url,
    GITHUB_TOKEN: githubHost.TOKEN,
    GITHUB_API_URL: github.url,
  }
  const printed: string[] = []
  const run = async (...args: string[]) => {
    const ran = await store.run(args, { cwd, env })
    printed.push(ran.out, ran.err)
    return ran
  }
  const sync = (verb: string, ...more: string[]) => run('sync', verb, '--env', 'prod', ...more)
  const apply = () => sync('apply', '--yes')
  const writes = () =>
    [...vercel.seen, ...github.seen].filter(({ method }) => method !== 'GET').length
  const theirs = { ...vercel.add({ key: 'DB_URL', value: 'theirs' }) }
  for (const name of ['stripe-key', 'db-url']) {
    await store.run(['set', `shop/prod/api/${name}`], { input: VALUE, cwd, env })
  }

  // Also the administrator sends nothing where no rule says so.
  expect((await apply()).code).toBe(1)
  expect(writes()).toBe(0)
  expect((await sync('allow', '--yes')).code).toBe(0)

  await apply()
  const stored = () => vercel.variables.find(({ key }) => key === 'STRIPE_KEY')
  const secret = () => github.places.get(REPO)?.get('STRIPE_KEY')
  expect(stored()).toMatchObject({ value: VALUE, type: 'sensitive', target: ['production'] })
  expect(secret()?.value).toBe(VALUE)
  const after = writes()
  await apply()
  expect(writes()).toBe(after)

  Object.assign(stored() ?? {}, { value: 'by hand', updatedAt: Date.UTC(2027, 0) })
  Object.assign(secret() ?? {}, { value: 'by hand', updatedAt: '2027-01-01T00:00:00Z' })
  const drifted = await sync('status')
  expect(drifted.out).toContain('drifted')
  expect(drifted.err).toContain('`coffer sync apply --env prod` writes over it')
  await apply()
  expect([stored()?.value, secret()?.value]).toEqual([VALUE, VALUE])

  expect(vercel.variables[0]).toEqual(theirs)
  const log = await run('audit', 'query', '--action', 'deliver', '--destination', 'github:*/**')
  expect(log.out).toMatch(/shop\/prod\/api\/stripe-key v1 → github:\S+\/acme\/shop/)
  expect(printed.join('\n')).not.toContain(VALUE)
})
