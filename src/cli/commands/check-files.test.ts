import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { REPORTERS } from '../report/registry.ts'
import { MANIFEST, projectsIn } from '../check/test-project.ts'
import type { Report } from '../check/test-project.ts'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run } = store
const { project, check, set } = projectsIn(store)
const canary = `canary-${randomBytes(12).toString('hex')}`

test('overlays are held to their schema, each mistake told once', async () => {
  const cwd = project({
    'config/schema.yaml':
      'type: object\nproperties:\n  port: { type: integer }\n  key: { secret: true }\n',
    'config/default.yaml': 'port: many\nkey: abc\n',
    'config/prod.yaml': '{}\n',
    'config/preview.yaml': '{}\n',
  })
  const ran = await run(['check', '--all-envs', '--static', '--json'], { cwd })
  expect(ran.json<Report>().findings).toMatchObject([
    { code: 'inline_secret', path: 'config/default.yaml#key', line: 2 },
    { code: 'invalid_overlay', path: 'config/default.yaml#port', line: 1 },
  ])
  rmSync(join(cwd, 'config/preview.yaml'))
  const without = await run(['check', '--all-envs', '--static', '--json'], { cwd })
  expect(without.json<Report>().findings[0]).toMatchObject({
    code: 'invalid_overlay',
    path: 'config',
    environment: 'preview',
  })
})

test('a manifest that is wrong is reported as all else is, each mistake with its place', async () => {
  const cwd = project({
    'coffer.yaml':
      'project: x\nenvironments: [prod]\nsecrets:\n  a/b: { typ: url }\n  a/c: { type: no }\n',
  })
  const ran = await check(cwd, ['--out', 'sarif=r.sarif'])
  expect(ran.code).toBe(78)
  expect(ran.findings).toMatchObject([
    { code: 'invalid_config', file: 'coffer.yaml', line: 4 },
    { code: 'invalid_config', file: 'coffer.yaml', line: 5 },
  ])
  expect(readFileSync(join(cwd, 'r.sarif'), 'utf8')).toContain('"startLine": 5')
})

test('two secrets under one name at one place are told', async () => {
  const line = 'deliver: [{ to: dotenv, file: x.env, name: SAME }]'
  const cwd = project({
    'coffer.yaml': `project: x\nenvironments: [prod]\nsecrets:\n  a/b: { ${line} }\n  a/c: { ${line} }\n`,
  })
  const { findings } = await check(cwd, ['--static'])
  expect(findings).toMatchObject([{ code: 'delivery_collision', file: 'coffer.yaml', line: 5 }])
})

test('two environments under one name at one place are told, and places of their own are none', async () => {
  const cwd = project({
    'coffer.yaml': `project: x
environments: [preview, staging, prod]
secrets:
  a/b:
    deliver:
      - { to: github, repository: acme/shop, name: SAME }
      - { to: github, repository: acme/shop, name: 'AN_\${env}' }
      - { to: github, repository: acme/shop, environment: '\${env}', name: SAME }
      - { to: dotenv, file: out.env, name: SAME }
      - { to: vercel, project: prj_1, name: SAME }
`,
  })
  const found = async (...args: string[]) =>
    (await run(['check', '--static', '--json', ...args], { cwd }))
      .json<Report>()
      .findings.map((one) => [one.code, one.environment, one.line])
  expect(await found('--env', 'prod')).toEqual([['delivery_collision', 'prod', 6]])
  expect(await found('--all-envs')).toEqual([
    ['delivery_collision', 'staging', 6],
    ['delivery_collision', 'prod', 6],
  ])
})

test('lines that do not agree about one place are told, with what they do not agree about', async () => {
  const cwd = project({
    'coffer.yaml': `project: x
environments: [prod]
secrets:
  a/b: { deliver: [{ to: vercel, project: prj_1, redeploy: HOOK, name: B }] }
  a/c: { deliver: [{ to: vercel, project: prj_1, name: C }] }
`,
  })
  const ran = await check(cwd, ['--static'])
  expect(ran.findings).toMatchObject([
    { code: 'invalid_delivery', line: 5, path: 'secrets.a/c.deliver' },
  ])
  expect(ran.findings[0]?.message).toMatch(
    /yaml:4:\d+ and coffer.yaml:5:\d+ .* vercel:prj_1\/production, .* redeploy\.$/,
  )
})

test('what stands in files is found without a store', async () => {
  const cwd = project({
    'config/prod.yaml': `stripeKey: ${canary}\nport: 3000\ndb:\n  password: ${canary}\n`,
    'src/main.ts': "import { secretRef } from 'coffer'\nconst a = secretRef('api/not-there')\n",
  })
  const found = await run(['check', '--env', 'prod', '--static', '--json'], {
    cwd,
    env: { COFFER_DATA_DIR: '/nowhere' },
  })
  expect(found.json<Report>().findings).toMatchObject([
    { code: 'undeclared_reference', path: 'api/not-there', file: 'src/main.ts', line: 2 },
    { code: 'plaintext_secret', path: 'config/prod.yaml#db.password', line: 4 },
    { code: 'plaintext_secret', path: 'config/prod.yaml#stripeKey', line: 1 },
  ])
  expect(found.code).toBe(1)
})

const INDEX = new URL('../../config/index.ts', import.meta.url).href

test('the configuration is held to the manifest, and its schemas to the values', async () => {
  const cwd = project({
    'coffer.yaml': `project: conf
environments: [prod]
secrets:
  api/one: {}
  api/two: {}
  api/unused: {}
  api/absent: {}
  api/by-name: { usedBy: [web] }
  api/variable: {}
`,
    'package.json': '{"type":"module"}',
    'src/main.js': 'const x = process.env.API_VARIABLE',
    'coffer.config.mjs': `import { defineConfig, secretRef } from ${JSON.stringify(INDEX)}
const number = { '~standard': { version: 1, vendor: 'x', validate: () => ({ issues: [{ message: 'no' }] }) } }
export default defineConfig(
  { one: secretRef('one', number), two: secretRef('two'), absent: secretRef('absent'),
    other: secretRef('not-declared'), env: secretRef('env:HOME') },
  { prefix: ({ env }) => \`conf/\${env}/api\` },
)
`,
  })
  for (const name of ['one', 'two', 'unused', 'by-name', 'variable', 'not-declared']) {
    await set(`conf/prod/api/${name}`, canary)
  }
  const { findings, codes, out } = await check(cwd)
  expect(codes).toEqual([
    'undeclared_reference conf/prod/api/not-declared',
    'not_found conf/prod/api/absent',
    'invalid_field conf/prod/api/one',
    'unused_secret api/unused',
  ])
  expect(findings[0]).toMatchObject({ file: 'coffer.config.mjs', line: 5 })
  expect(out).not.toContain(canary)
})

test('a name that nobody declared is told once, where the configuration writes it', async () => {
  const cwd = project({
    'coffer.yaml': 'project: conf\nenvironments: [prod]\nsecrets:\n  api/key:\n  api/url:\n',
    'coffer.config.mjs': `import { defineConfig, readManifest, secretRef } from ${JSON.stringify(INDEX)}
export default defineConfig(
  { key: secretRef('api/key'), url: secretRef('api/ulr'), env: secretRef('env:HOME'),
    shared: secretRef('/shared/key') },
  { manifest: await readManifest(import.meta.dirname) },
)
`,
  })
  for (const name of ['api/key', 'api/url']) await set(`conf/prod/${name}`, canary)
  await set('shared/key', canary)
  const { findings } = await check(cwd)
  expect(findings.map((one) => [one.code, one.path, one.line])).toEqual([
    ['undeclared_reference', 'api/ulr', 3],
    ['undeclared_reference', 'shared/key', 4],
    ['unused_secret', 'api/url', 5],
  ])
  expect(findings[0]?.remedy).toContain('api/url')
})

test('no report holds a value, in whatever form, and each is written to its file', async () => {
  const cwd = project({
    'config/prod.yaml': `hint: x${canary}x\nother: ${canary}\n`,
    'config/default.yaml': `password: ${canary}\n# token: ghp_${'a1B2'.repeat(9)}\n`,
  })
  await set('shop/prod/api/stripe-key', canary)
  await set('shop/prod/api/db-url', 'https://db.example/x')
  const formats = Object.keys(REPORTERS)
  const outs = formats.flatMap((format) => ['--out', `${format}=report.${format}`])
  const ran = await run(['check', '--env', 'prod', ...outs], { cwd })
  for (const place of ['prod.yaml#hint', 'prod.yaml#other', 'default.yaml#password']) {
    expect(ran.out).toMatch(new RegExp(`known_value +config/${place}`))
  }
  expect(ran.out).toMatch(/plaintext_secret +config\/default\.yaml:2/)
  const texts = formats.map((format) => readFileSync(join(cwd, `report.${format}`), 'utf8'))
  for (const text of [ran.out, ran.err, ...texts]) {
    expect(text.length).toBeGreaterThan(20)
    for (const secret of [canary, 'a1B2a1B2', 'https://db.example'])
      expect(text).not.toContain(secret)
  }
  rmSync(join(cwd, 'report.json'))
})

test('in GitHub Actions the table comes with annotations, from the repository on', async () => {
  const cwd = project({ 'apps/web/coffer.yaml': MANIFEST })
  const inside = {
    cwd: join(cwd, 'apps/web'),
    env: { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: cwd },
  }
  const { out } = await run(['check', '--env', 'preview'], inside)
  expect(out).toContain(
    '::error file=apps/web/coffer.yaml,line=12,col=3,title=not_found (preview)::',
  )
  expect(out).toContain('preview: 2 errors')
})
