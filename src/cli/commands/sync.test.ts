import { EventEmitter } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'dotenv'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { testVercel, TOKEN } from '../../adapters/destinations/vercel/test-vercel.ts'
import { ADMIN, startTestServer } from '../../server/test-server.ts'
import { bench } from '../test-world.ts'
import type { Bench, RunOptions } from '../test-world.ts'

const MANIFEST = `project: shop
environments: [staging, prod]
secrets:
  api/stripe-key:
    deliver:
      - { to: dotenv, file: out.env, name: STRIPE_KEY }
      - { to: json, file: out.json, name: stripe }
  api/db-url:
    deliver:
      - { to: dotenv, file: out.env, name: DB_URL }
`
const CANARY = 'canary-7a4f-not-to-be-printed'

let world: Bench
let dir: string
const sync = (args: string, options: RunOptions = {}) =>
  world.run(['sync', ...args.split(' ')], { cwd: dir, ...options })
const set = (name: string, value: string) =>
  world.run(['set', `shop/prod/api/${name}`], { input: value })
const written = (file: string) => readFileSync(path.join(dir, file), 'utf8')

beforeEach(async () => {
  world = await bench()
  dir = mkdtempSync(path.join(world.dir, 'project-'))
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST)
})
afterEach(() => world[Symbol.asyncDispose]())

async function filled(): Promise<void> {
  await set('stripe-key', CANARY)
  await set('db-url', "postgres://it's")
  expect((await sync('allow --env prod --yes')).code).toBe(0)
}

test('a plan says nothing of a value, nor how long it is', async () => {
  await filled()
  const file = path.join(dir, 'plan.json')
  const shown = await sync(`plan --env prod --json --out ${file}`)
  const texts = [shown.out + shown.err, written('plan.json')]
  await set('stripe-key', `${CANARY}-and-longer`)
  const longer = await sync(`plan --env prod --json --out ${file}`)
  const after = [longer.out + longer.err, written('plan.json')]
  // Of another value only its version is another.
  expect(after.map((text) => text.replaceAll('"version": 2', '"version": 1'))).toEqual(texts)
  expect(texts.join('')).not.toMatch(/canary|fingerprint|bytes/)
})

test('an administrator delivers nowhere until it is allowed, and then where the manifest says', async () => {
  await set('stripe-key', CANARY)
  await set('db-url', 'postgres://x')
  const refused = await sync('apply --env prod --yes')
  expect(refused.code).toBe(1)
  expect(refused.out).toContain('may not deliver shop/prod/api/db-url to dotenv:out.env')
  expect(existsSync(path.join(dir, 'out.env'))).toBe(false)

  const shown = await sync('allow --env prod')
  expect(shown.code).toBe(64)
  expect(shown.out.split('\n').filter((line) => line.startsWith('shop/'))).toHaveLength(3)
  expect((await sync('allow --env prod', { tty: true, answers: ['no'] })).code).toBe(75)
  expect((await sync('plan --env prod')).code).toBe(1)
  expect((await sync('allow --env prod', { tty: true, answers: ['yes'] })).code).toBe(0)
  expect((await sync('plan --env prod')).code).toBe(0)

  // The same manifest with another file needs it anew.
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST.replace('out.json', 'elsewhere.json'))
  const moved = (await sync('plan --env prod --json')).json<{ destinations: Planned[] }>()
  expect(moved.destinations[1]?.items?.[0]).toMatchObject({
    action: 'refused',
    reason: 'denied',
    remedy: expect.stringMatching(/`coffer sync allow --env prod --actor \S+`/),
  })
})

interface Planned {
  readonly destination: string
  readonly items?: { readonly name: string; readonly action: string; readonly reason: string }[]
}

test('apply delivers what plan said, and a second one changes nothing', async () => {
  await filled()
  const plan = await sync('plan --env prod')
  expect(plan.code).toBe(0)
  expect((await sync('plan --env prod')).out).toBe(plan.out)
  expect(plan.out).toContain('+  STRIPE_KEY  shop/prod/api/stripe-key        1  create')
  const asked = await sync('apply --env prod', { tty: true, answers: ['no'] })
  expect([asked.code, existsSync(path.join(dir, 'out.env'))]).toEqual([75, false])
  expect((await sync('apply --env prod')).code).toBe(64)
  const applied = await sync('apply --env prod --yes')
  expect([applied.code, applied.err]).toEqual([0, '3 of 3 changes made.\n'])
  expect(parse(written('out.env'))).toEqual({ STRIPE_KEY: CANARY, DB_URL: "postgres://it's" })
  expect(JSON.parse(written('out.json'))).toMatchObject({ stripe: CANARY })
  const before = statSync(path.join(dir, 'out.env')).ino
  const again = await sync('apply --env prod')
  expect([again.code, again.err]).toEqual([0, 'Nothing is to be delivered.\n'])
  expect(statSync(path.join(dir, 'out.env')).ino).toBe(before)
  const status = await sync('status --env prod --json')
  expect(status.code).toBe(0)
  await set('db-url', 'postgres://new')
  expect((await sync('status --env prod')).code).toBe(1)
  expect((await sync('apply --env prod --yes --only json')).err).toContain('Nothing is')
  expect((await sync('apply --env prod --yes --only dotenv:out.env')).err).toContain(
    '1 of 1 change made',
  )
  expect(parse(written('out.env')).DB_URL).toBe('postgres://new')
  for (const ran of [plan, applied, again, status]) {
    expect(`${ran.out}${ran.err}`.includes(CANARY)).toBe(false)
  }
  const { entries } = (
    await world.run(['audit', 'query', '--action', 'deliver', '--json', '--limit', '500'])
  ).json<{ entries: { resource: string; destination: string; outcome: string }[] }>()
  expect(entries.some((one) => one.destination === 'json:out.json')).toBe(true)
})

test('foreign entries are refused by name, kept, and taken over when it is said', async () => {
  await filled()
  writeFileSync(path.join(dir, 'out.env'), '# mine\nSTRIPE_KEY=old\nOTHER=1\n')
  const ran = await sync('apply --env prod --yes')
  expect(ran.code).toBe(1)
  expect(ran.err).toContain('2 of 2 changes made. 1 refused.')
  const again = await sync('apply --env prod --yes')
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringContaining('Nothing was delivered. 1 refused.'),
  ])
  expect(parse(written('out.env'))).toMatchObject({ STRIPE_KEY: 'old', OTHER: '1' })
  expect((await sync('apply --env prod --yes --adopt STRIPE_KEY')).code).toBe(0)
  expect(parse(written('out.env'))).toMatchObject({ STRIPE_KEY: CANARY, OTHER: '1' })
  expect(written('out.env').startsWith('# mine\nOTHER=1\n')).toBe(true)
})

test('what leaves the manifest leaves the destination, all of it only when it is said', async () => {
  await filled()
  await sync('apply --env prod --yes')
  const none = MANIFEST.replace(/\n {2}api\/db-url:[^]*/, '\n')
  writeFileSync(path.join(dir, 'coffer.yaml'), none)
  expect((await sync('apply --env prod --yes --keep')).code).toBe(0)
  expect(parse(written('out.env')).DB_URL).toBeDefined()
  await sync('apply --env prod --yes')
  expect(Object.keys(parse(written('out.env')))).toEqual(['STRIPE_KEY'])
})

test('a place with a ledger: who deploys may deliver there, and what the manifest drops is taken away', async () => {
  await using host = await testVercel()
  const env = { VERCEL_TOKEN: TOKEN, VERCEL_API_URL: host.url }
  const as = (args: string) => sync(`${args} --env prod --as service:deploy`, { env })
  const line = '{ to: vercel, project: prj_1, team: team_1, name: '
  const manifest = MANIFEST.replace('{ to: json, file: out.json, name: stripe }', `${line}STRIPE }`)
  writeFileSync(path.join(dir, 'coffer.yaml'), manifest)
  await set('stripe-key', CANARY)
  await set('db-url', 'postgres://x')
  host.add({ key: 'THEIRS', value: 'not ours' })
  expect((await as('plan')).code).toBe(77)
  // Who may change policies needs none of the tokens that a deployment has.
  const admin = { VERCEL_API_URL: host.url }
  const allowed = await sync('allow --env prod --actor service:deploy --yes', { env: admin })
  expect([allowed.code, allowed.out.includes('coffer/sync/vercel-')]).toEqual([0, true])
  expect((await sync('allow --env prod --actor service:deploy', { env })).err).toContain(
    'all of it',
  )
  expect((await as('apply --yes')).code).toBe(0)
  expect(host.variables.map(({ key, value }) => [key, value])).toEqual([
    ['THEIRS', 'not ours'],
    ['STRIPE', CANARY],
  ])
  expect((await as('status')).out).toMatch(/vercel:\S+ +in step +1\/1 +\S+Z +service:deploy\n/)
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST.replace('out.json', 'out.env'))
  const nowhere = await sync('plan --env prod --as service:deploy')
  expect(nowhere.err).toContain('is left at vercel:')
  const left = await as('plan --only vercel')
  expect(left.out).toContain('-  STRIPE  shop/prod/api/stripe-key')
  expect(left.err).toContain('with --allow-empty only')
  expect((await as('apply --yes --only vercel')).code).toBe(64)
  expect((await as('apply --yes --only vercel --allow-empty')).code).toBe(0)
  expect(host.variables.map(({ key }) => key)).toEqual(['THEIRS'])
  expect((await as('plan --only vercel')).err).toContain('Nothing is delivered to vercel')
})

test('at a server it is the actor of the token who is allowed, and who delivers', async () => {
  const server = await startTestServer()
  try {
    const env = {
      COFFER_DATA_DIR: undefined,
      COFFER_MASTER_KEY: undefined,
      COFFER_ADDR: server.url,
      COFFER_TOKEN: server.adminToken,
    }
    for (const name of ['stripe-key', 'db-url']) {
      await world.run(['set', `shop/prod/api/${name}`], { input: 'x', env })
    }
    expect((await sync('allow --env prod --yes', { env })).err).toContain(`given to ${ADMIN}`)
    expect((await sync('apply --env prod --yes', { env })).code).toBe(0)
    expect(parse(written('out.env'))).toEqual({ STRIPE_KEY: 'x', DB_URL: 'x' })
  } finally {
    await server.close()
  }
})

test('the answers of a wrong command line say what is right', async () => {
  expect((await sync('plan --env nope')).err).toContain('it lists staging, prod')
  const named = MANIFEST.replace(
    'secrets:',
    'destinations: { web: { kind: json, file: w.json } }\nsecrets:',
  )
  writeFileSync(path.join(dir, 'coffer.yaml'), named.replace('to: json, file: out.json', 'to: web'))
  expect((await sync('plan --env prod --only web')).out.split('\n')[0]).toBe('json:w.json')
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST)
  expect((await sync('plan --env prod --only vercel')).err).toContain('dotenv:out.env')
  const outside = await world.run(['sync', 'plan', '--env', 'prod'])
  expect([outside.code, outside.err.includes('`coffer init --manifest`')]).toEqual([66, true])
  expect((await sync('plan --env prod --adopt NOBODY')).err).toContain('no entry NOBODY')
  const policy = path.join(dir, 'policy.json')
  writeFileSync(policy, JSON.stringify({ name: 'deliver-shop-prod', rules: [] }))
  await world.run(['policy', 'put', policy])
  expect((await sync('allow --env prod --yes')).err).toContain('of something else')
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST.replaceAll('to: json', 'to: jason'))
  const unknown = await sync('plan --env prod')
  expect(unknown.code).toBe(78)
})

test('a plan that was kept is applied as it is, or not at all', async () => {
  await filled()
  const file = path.join(dir, 'plan.json')
  expect((await sync(`plan --env prod --out ${file}`)).code).toBe(0)
  expect(written('plan.json').includes(CANARY)).toBe(false)
  await set('db-url', 'another')
  const moved = await sync(`apply --env prod --yes --plan ${file}`)
  expect([moved.code, existsSync(path.join(dir, 'out.env'))]).toEqual([75, false])
  await sync(`plan --env prod --out ${file}`)
  expect((await sync(`apply --env prod --yes --plan ${file}`)).code).toBe(0)
  expect(parse(written('out.env')).DB_URL).toBe('another')
  expect((await sync(`apply --env prod --yes --plan ${file}`)).code).toBe(75)
})

test('what the manifest no longer declares may not be delivered any more, once that is confirmed', async () => {
  await filled()
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST.replace(/^.*to: json.*$/m, ''))
  const less = await sync('allow --env prod --yes')
  expect([less.code, less.out]).toEqual([0, expect.stringContaining('json:out.json')])
  expect((await sync('allow --env prod')).code).toBe(0)
  writeFileSync(path.join(dir, 'coffer.yaml'), MANIFEST)
  expect((await sync('plan --env prod --only json')).out).toContain('may not deliver')
  expect((await sync('plan --env prod --only dotenv')).code).toBe(0)
})

test('every destination that is written wrong is told, with its place in the manifest', async () => {
  const wrong = MANIFEST.replace('file: out.env', 'fil: out.env').replace(
    'file: out.json',
    'file: ../out.json',
  )
  writeFileSync(path.join(dir, 'coffer.yaml'), wrong)
  for (const args of ['plan --env prod', 'allow --env prod --yes']) {
    const ran = await sync(args)
    expect(ran.code, args).not.toBe(0)
    const said = `${ran.out}${ran.err}`
    expect(said).toMatch(/dotenv \(coffer\.yaml:\d+:\d+\)[^]*The option fil/)
    expect(said).toMatch(/json \(coffer\.yaml:\d+:\d+\)[^]*The option file/)
  }
})

test('with --watch a change is delivered within seconds, until it is stopped', async () => {
  await filled()
  const stop = new AbortController()
  let printed = ''
  const ran = sync('apply --env prod --yes --watch --every 1', {
    interrupt: stop.signal,
    signals: new EventEmitter(),
    printed: (text) => void (printed += text),
  })
  await vi.waitFor(() => expect(printed).toContain('STRIPE_KEY v1 create'), { timeout: 5_000 })
  await set('stripe-key', 'second')
  await vi.waitFor(() => expect(printed).toContain('STRIPE_KEY v2 update'), { timeout: 5_000 })
  expect(parse(written('out.env')).STRIPE_KEY).toBe('second')
  writeFileSync(path.join(dir, 'out.env'), '')
  await vi.waitFor(() => expect(parse(written('out.env')).STRIPE_KEY).toBe('second'), {
    timeout: 5_000,
  })
  stop.abort()
  expect((await ran).code).toBe(0)
})

test('a credential is given nothing: the policy is written, and it is said who carries it', async () => {
  const allow = (more: string) => sync(`allow --env prod --actor token:abc ${more}`)
  await filled()
  await world.run(['policy', 'delete', 'deliver-shop-prod', '--yes'])
  const shown = await allow('--yes')
  expect(shown.code).toBe(0)
  expect(shown.out).toContain('shop/prod/api/stripe-key')
  expect(shown.err).toContain('coffer token create --policy deliver-shop-prod')
  expect(shown.err).not.toContain('given to')
  const again = await allow('--yes')
  expect([again.code, again.out]).toEqual([0, ''])
  expect(again.err).toContain('coffer token create --policy deliver-shop-prod')
  expect((await world.run(['actor', 'list'])).out).not.toContain('token:abc')
  const granted = await world.run(['actor', 'grant', 'token:abc', '--policy', 'deliver-shop-prod'])
  expect(granted.err).toContain('does not count')
})
