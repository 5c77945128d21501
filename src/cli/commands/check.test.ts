import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { MANIFEST, projectsIn } from '../check/test-project.ts'
import type { Report } from '../check/test-project.ts'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store
const { project, check, set } = projectsIn(store)
const canary = `canary-${randomBytes(12).toString('hex')}`

test('an empty store fails with one finding for each secret, and the command that mends it does', async () => {
  const cwd = project()
  const empty = await check(cwd)
  expect(empty.code, empty.err).toBe(1)
  expect(empty.findings).toEqual([
    {
      code: 'not_found',
      path: 'shop/prod/api/db-url',
      message: 'There is no such secret.',
      remedy: 'coffer set api/db-url --env prod',
      severity: 'error',
      environment: 'prod',
      file: 'coffer.yaml',
      line: 12,
      column: 3,
    },
    expect.objectContaining({ code: 'not_found', path: 'shop/prod/api/stripe-key', line: 6 }),
  ])
  for (const { remedy, path } of empty.findings) {
    const value = path.endsWith('url') ? 'https://db.example' : canary
    expect((await run(remedy.split(' ').slice(1), { input: value, cwd })).code).toBe(0)
  }
  const policy = JSON.stringify({
    name: 'prod-api',
    rules: [{ effect: 'allow', actions: ['read'], paths: ['shop/prod/api/**'] }],
  })
  writeFileSync(join(dir, 'policy.json'), policy)
  const put = await run(['policy', 'put', join(dir, 'policy.json')])
  expect(put.code, put.err).toBe(0)
  const before = await check(cwd)
  expect([before.code, before.codes]).toEqual([0, ['reader_absent service:shop-prod-api']])
  const grant = (policy: string) =>
    run(['actor', 'grant', 'service:shop-prod-api', '--policy', policy])
  await grant('auditor')
  const denied = await check(cwd)
  expect(denied.codes).toEqual(['reader_denied shop/prod/api/stripe-key'])
  await grant('prod-api')
  const full = await check(cwd)
  expect([full.code, full.ok, full.findings]).toEqual([0, true, []])
})

test('what is wrong with a stored secret is told, each in its own words', async () => {
  const cwd = project({
    'coffer.yaml': `project: odd
environments: [prod]
secrets:
  a/typed: { type: url }
  a/owned: { owner: one@example.com, classification: secret }
  a/soon: {}
  a/gone: {}
  a/disabled: {}
  a/kept-otherwise: { type: password }
`,
  })
  await set('odd/prod/a/typed', 'no url')
  await set('odd/prod/a/owned', 'v', '--owner', 'two@example.com', '--classification', 'public')
  await set('odd/prod/a/soon', 'v', '--expires', '3d')
  await set('odd/prod/a/gone', 'v')
  await run(['delete', 'odd/prod/a/gone'])
  await set('odd/prod/a/disabled', 'v')
  await run(['disable', 'odd/prod/a/disabled'])
  await set('odd/prod/a/kept-otherwise', 'v')
  const { codes, findings } = await check(cwd)
  expect(codes).toEqual([
    'disabled odd/prod/a/disabled',
    'deleted odd/prod/a/gone',
    'invalid_value odd/prod/a/typed',
    'type_mismatch odd/prod/a/kept-otherwise',
    'classification_mismatch odd/prod/a/owned',
    'owner_mismatch odd/prod/a/owned',
    'expires_soon odd/prod/a/soon',
    'type_mismatch odd/prod/a/typed',
  ])
  expect(findings.slice(0, 2).map(({ remedy }) => remedy)).toEqual([
    'coffer enable a/disabled --env prod --version 1',
    'coffer undelete a/gone --env prod',
  ])
  const remedies = new Map(findings.map(({ code, remedy }) => [code, remedy]))
  expect(remedies.get('owner_mismatch')).toBe('coffer update a/owned --env prod')
  await run(['update', 'a/owned', '--env', 'prod'], { cwd })
  expect((await check(cwd)).codes).not.toContain('owner_mismatch odd/prod/a/owned')
  const near = await check(cwd, ['--expires-within', '2d'])
  expect(near.codes).not.toContain('expires_soon odd/prod/a/soon')
})

test('a workload may read by what comes with its credential as well', async () => {
  const named = MANIFEST.replace('service:${project}-${env}-api', 'service:by-token')
  const cwd = project({ 'coffer.yaml': named })
  const before = await check(cwd)
  expect(before.codes).toEqual(['reader_denied shop/prod/api/stripe-key'])
  const made = await run(['token', 'create', '--actor', 'service:by-token', '--policy', 'prod-api'])
  expect(made.code, made.err).toBe(0)
  expect((await check(cwd)).codes).toEqual([])
})

test('warnings fail where that is asked for', async () => {
  const cwd = project({
    'coffer.yaml': 'project: odd\nenvironments: [prod]\nsecrets:\n  a/soon: {}\n',
  })
  const codes = await Promise.all(
    [[], ['--warnings-as-errors'], ['--max-warnings', '0'], ['--max-warnings', '1']].map(
      async (args) => (await check(cwd, args)).code,
    ),
  )
  expect(codes).toEqual([0, 1, 1, 0])
})

test('who may list and not read is told what lists tell; who may do neither is told so', async () => {
  const cwd = project()
  const rule = (actions: string[]) => ({ effect: 'allow', actions, paths: ['shop/prod/**'] })
  writeFileSync(
    join(dir, 'lister.json'),
    JSON.stringify({ name: 'lister', rules: [rule(['list'])] }),
  )
  await run(['policy', 'put', join(dir, 'lister.json')])
  await run(['actor', 'grant', 'service:ci', '--policy', 'lister'])
  await set('shop/prod/api/stripe-key', canary)
  await set('shop/prod/api/db-url', 'https://db.example')
  const listed = await check(cwd, ['--as', 'service:ci'])
  expect(listed.codes, listed.err).toEqual(['reader_unknown service:shop-prod-api'])
  const values = await check(cwd, ['--as', 'service:ci', '--without-values'])
  expect(values.codes).toEqual(listed.codes)
  const stranger = await check(cwd, ['--as', 'service:stranger'])
  expect(stranger.codes).toContain('denied shop/prod/api/db-url')
  expect(stranger.code).toBe(1)
})

test('a value is overdue when it is older than the manifest says', async () => {
  const cwd = project({
    'coffer.yaml':
      'project: old\nenvironments: [prod]\nsecrets:\n  a/key: { rotate: { every: 30d } }\n',
  })
  await set('old/prod/a/key', 'v')
  const { checkManifest } = await import('../../config/check/check.ts')
  const { findProject } = await import('../../config/project.ts')
  const { openPlatform } = await import('../../compose.ts')
  const manifest = (await findProject(cwd))!.manifest!
  const platform = await openPlatform({ dataDir: join(dir, 'data'), env: store.env })
  const coffer = platform.as((await import('../../compose.ts')).localActor())
  const codesIn = async (days: number) => {
    const now = Date.now() + days * 86_400_000
    const input = { manifest, environments: ['prod'], coffer: async () => coffer, now }
    return (await checkManifest(input)).findings.map(({ code }) => code)
  }
  expect([await codesIn(29), await codesIn(30)]).toEqual([[], ['rotation_due']])
  await platform.close()
})

test('a store that cannot be asked is one finding and an exit code of its own', async () => {
  const cwd = project()
  const missing = await check(cwd, ['--data-dir', join(dir, 'nowhere')])
  expect([missing.code, missing.codes]).toEqual([66, ['store_missing coffer']])
  expect(missing.json<Report>().checked).toBe(0)
  const sealed = await check(cwd, [], { env: { COFFER_MASTER_KEY: undefined } })
  expect([sealed.code, sealed.codes]).toEqual([69, ['sealed coffer']])
  const away = await check(cwd, ['--address', 'https://127.0.0.1:1'], {
    env: { COFFER_TOKEN: 'x'.repeat(20) },
  })
  expect([away.code, away.codes]).toEqual([69, ['unavailable coffer']])
})

test('an environment that the manifest does not list is an error that names those it does', async () => {
  const { code, err } = await run(['check', '--env', 'nope'], { cwd: project() })
  expect(code).toBe(78)
  expect(err).toContain('preview, prod')
})

test('all environments are checked in one run, each secret under its own', async () => {
  const ran = await run(['check', '--all-envs', '--json'], { cwd: project() })
  const { findings } = ran.json<Report>()
  expect(findings.map(({ environment, path }) => `${environment} ${path}`)).toContain(
    'preview shop/preview/api/db-url',
  )
})

test('an environment of another provider is asked there, and is one finding when it is not there', async () => {
  const cwd = project({
    'coffer.yaml': `project: far
environments: { prod: { provider: disk }, gone: { provider: cloud } }
providers:
  disk: { kind: dotenv, file: '${join(dir, 'values.env')}' }
  cloud: { kind: coffer, address: 'https://127.0.0.1:1', tokenFile: /nowhere }
secrets:
  api/url: { type: url, secretRef: { prod: 'disk:URL', gone: 'cloud:a/url' } }
  api/key: { secretRef: { prod: 'disk:KEY', gone: 'cloud:a/key' } }
`,
  })
  writeFileSync(join(dir, 'values.env'), 'URL=no address\n')
  const prod = await check(cwd, [], { env: { COFFER_DATA_DIR: '/nowhere' } })
  expect(prod.codes, prod.err).toEqual(['not_found disk:KEY', 'invalid_value disk:URL'])
  const unread = await check(cwd, ['--without-values'])
  expect([unread.code, unread.codes, unread.json<Report>().checked]).toEqual([
    0,
    ['not_checked disk'],
    0,
  ])
  const gone = await run(['check', '--env', 'gone', '--json'], { cwd })
  expect(gone.json<Report>().findings.map(({ code }) => code)).toEqual(['unauthenticated'])
  expect(gone.code).toBe(77)
})

test('a wrong option of a provider is told once, and not for each of its secrets', async () => {
  const yaml = (options: string) => `project: own
environments: { prod: { provider: v } }
providers: { v: { kind: vault, ${options} } }
secrets: { a/b: {}, a/c: {} }
`
  const wrong = await check(project({ 'coffer.yaml': yaml('mont: secret') }))
  expect([wrong.code, wrong.codes]).toEqual([64, ['invalid_argument v']])
  expect(wrong.findings[0]?.message).toMatch(
    / 2 secrets were not checked: v:own\/prod\/a\/b, v:own\/prod\/a\/c\.$/,
  )
})

test('what a manifest calls coffer is asked, and no other store', async () => {
  await set('own/prod/a/b', 'v')
  const yaml = (more: string) => `project: own\nenvironments: [prod]\n${more}secrets:\n  a/b: {}\n`
  const here = await check(project({ 'coffer.yaml': yaml('') }))
  expect(here.codes).toEqual([])
  const other = `providers: { coffer: { address: 'https://127.0.0.1:1', tokenFile: /nowhere } }\n`
  const there = await check(project({ 'coffer.yaml': yaml(other) }))
  expect(there.codes).toEqual(['unauthenticated coffer'])
})

test('a value that two environments share is told where both are checked', async () => {
  const cwd = project({
    'coffer.yaml': `project: twin
environments: [preview, prod]
secrets:
  a/key: { type: apiKey }
  a/url: { type: url }
  a/same: { secretRef: /twin/shared/same }
`,
  })
  for (const env of ['preview', 'prod']) {
    await set(`twin/${env}/a/key`, canary, '--type', 'apiKey')
    await set(`twin/${env}/a/url`, 'https://api.example', '--type', 'url')
  }
  await set('twin/shared/same', canary)
  const both = await run(['check', '--all-envs', '--json'], { cwd })
  expect(both.json<Report>().findings).toMatchObject([
    { code: 'shared_value', path: 'twin/prod/a/key', environment: 'prod', severity: 'warning' },
  ])
  expect((await check(cwd)).codes).toEqual([])
})

test('deliveries that are written wrong are found before anybody delivers, and a missing login is none', async () => {
  const cwd = project({
    'coffer.yaml': `project: sent
environments: [prod]
secrets:
  a/key:
    deliver:
      - { to: dotenv, fil: out.env, name: A }
      - { to: json, file: ../out.json, name: a }
      - { to: vercel, project: prj_1, name: A }
      - { to: github, repository: noslash, name: A }
`,
  })
  await set('sent/prod/a/key', canary)
  for (const args of [[], ['--static']]) {
    const { code, findings } = await check(cwd, args)
    expect(code).toBe(1)
    expect(findings.map((one) => [one.code, one.line, one.environment])).toEqual([
      ['invalid_delivery', 6, 'prod'],
      ['invalid_delivery', 7, 'prod'],
      ['invalid_delivery', 9, 'prod'],
    ])
  }
})
