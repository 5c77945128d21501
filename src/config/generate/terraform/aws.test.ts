import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../problem.ts'
import { manifestOf, SHOP } from '../test-manifest.ts'
import { AWS_LIMITS } from './aws-limits.ts'
import { terraformForAws } from './aws.ts'

const shop = await manifestOf(SHOP)
const { files, notes } = terraformForAws(shop)
const problemsOf = (make: () => unknown) => {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message)
    throw error
  }
  return []
}
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => `  api/${String(at).padStart(140, 's')}: {}\n`).join('')
const PLAIN = 'project: shop\nenvironments: [prod]\nsecrets:\n'

/** What the provider knows from 5.0 on; blocks with `{}`. Source: its schema, as of 5.0 and 6.25. */
const SCHEMA: Record<string, string> = {
  aws_secretsmanager_secret:
    'name description kms_key_id recovery_window_in_days tags force_overwrite_replica_secret replica{}',
  aws_secretsmanager_secret_policy: 'secret_arn policy block_public_policy',
  aws_secretsmanager_secret_rotation: 'secret_id rotation_lambda_arn rotation_rules{}',
  aws_iam_policy: 'name description path policy tags',
  aws_iam_user: 'name path permissions_boundary force_destroy tags',
  aws_iam_user_policy_attachment: 'user policy_arn',
  aws_iam_role: 'name description path assume_role_policy max_session_duration tags',
  aws_iam_role_policy_attachment: 'role policy_arn',
  aws_iam_policy_document: 'policy_id version statement{}',
  aws_caller_identity: '',
  aws_partition: '',
  aws_region: '',
}

test('resources say only what the provider knows, from 5.0 on', () => {
  const found = new Set<string>()
  for (const text of Object.values(files)) {
    for (const block of text.matchAll(/^(?:resource|data) "(\w+)" "\w+" \{(\}|[^]*?^\})$/gm)) {
      const [, type = '', body = ''] = block
      found.add(type)
      const known = [...(SCHEMA[type] ?? '-').split(' '), 'for_each']
      const said = [...body.matchAll(/^ {2}(?:(\w+) += |(?:dynamic "(\w+)"|(\w+)) \{$)/gm)]
      for (const [, attribute, dynamic, nested] of said) {
        expect(known, type).toContain(attribute ?? `${dynamic ?? nested ?? ''}{}`)
      }
    }
  }
  expect([...found].toSorted()).toEqual(Object.keys(SCHEMA).toSorted())
})

test('its page names what is not delivered there yet, and who delivers is allowed to first', async () => {
  const made = (count: number) =>
    Array.from({ length: count }, (_, at) => `  api/s${at}: {}\n`).join('')
  const page = async (count: number) =>
    terraformForAws(await manifestOf(PLAIN + made(count))).files['README.md'] ?? ''
  expect(await page(2)).toContain(
    "api/s1:\n  deliver:\n    - { to: aws, name: '/shop/${env}/api/s1' }",
  )
  expect(await page(12)).toContain('# and 2 more in the same way')
  expect(await page(1)).toMatch(/sync allow --env prod\ncoffer sync plan .*\ncoffer sync apply /)
})

test('no value is in it, and none comes into the state', () => {
  const all = Object.values(files).join('\n')
  expect(all).not.toMatch(/secret_version|secret_string|aws_iam_access_key/)
})

test('every declared secret of every environment, by the convention, with its tags', () => {
  const names = [...(files['secrets.tf'] ?? '').matchAll(/^ {6}name += "(.*)"$/gm)]
  expect(names.map(([, name]) => name)).toEqual([
    '/shop/preview/api/stripe-key',
    '/shop/preview/api/settings',
    '/shop/staging/api/stripe-key',
    '/shop/staging/api/settings',
    '/shop/prod/api/stripe-key',
    '/shop/prod/api/settings',
    '/shop/prod/worker/seed',
  ])
  expect(files['main.tf']).toMatch(/rotation-interval = secret\.rotation_interval/)
  expect(files['main.tf']).toContain('block_public_policy = true')
})

test('rotations are at most 90 days apart, whatever the manifest says, and that is told', () => {
  const days = [...(files['secrets.tf'] ?? '').matchAll(/rotate_every_days += (\d+)/g)]
  expect(new Set(days.map(([, n]) => Number(n)))).toEqual(new Set([30, AWS_LIMITS.rotateDaysMax]))
  expect(notes.join('\n')).toContain('api/settings')
})

test('readers have what the manifest says that they use', () => {
  expect(readersOf(files['secrets.tf'])).toEqual({
    'shop-runtime-vercel-preview-read-1': ['preview/api/stripe-key'],
    'shop-runtime-vercel-staging-read-1': ['staging/api/stripe-key'],
    'shop-runtime-vercel-prod-read-1': ['prod/api/stripe-key'],
    'shop-runtime-lambda-preview-read-1': ['preview/api/stripe-key', 'preview/api/settings'],
    'shop-runtime-lambda-staging-read-1': ['staging/api/stripe-key', 'staging/api/settings'],
    'shop-runtime-lambda-prod-read-1': [
      'prod/api/stripe-key',
      'prod/api/settings',
      'prod/worker/seed',
    ],
    'shop-ci-read-1': [
      'preview/api/stripe-key',
      'preview/api/settings',
      'staging/api/stripe-key',
      'staging/api/settings',
      'prod/api/stripe-key',
      'prod/api/settings',
      'prod/worker/seed',
    ],
  })
})

test('where no secret says who uses it, readers have those of their environment', async () => {
  const plain = await manifestOf(`${PLAIN}  api/a: {}\n  api/b: {}\n`)
  const found = readersOf(terraformForAws(plain).files['secrets.tf'])
  expect(found['shop-runtime-vercel-prod-read-1']).toEqual(['prod/api/a', 'prod/api/b'])
  expect(found['shop-runtime-lambda-prod-read-1']).toEqual(['prod/api/a', 'prod/api/b'])
})

test('some environments have a role of CI of their own, which may stand beside others', () => {
  const some = terraformForAws(shop, { environments: ['prod'] }).files
  expect(some['secrets.tf']).toContain('ci_role = "shop-ci-prod"')
  expect(some['secrets.tf']).not.toContain('staging')
  expect(() => terraformForAws(shop, { environments: ['nope'] })).toThrow('preview, staging, prod')
})

test('nobody takes the role of CI but who is named', () => {
  expect(files['variables.tf']).toMatch(/"ci_subjects" \{[^}]*default += \[\]/)
  const named = terraformForAws(shop, { repository: 'acme/shop', environments: ['prod'] }).files
  expect(named['variables.tf']).toContain('["repo:acme/shop:environment:prod"]')
  for (const repository of ['acme', 'acme/*', 'a/b/c', 'a/b:c', '']) {
    expect(() => terraformForAws(shop, { repository })).toThrow('OWNER/NAME')
  }
  expect(() => terraformForAws(shop, { replicaRegions: ['Frankfurt'] })).toThrow('region')
})

test('a policy holds as many secrets as fit, and a reader ten policies', async () => {
  const some = terraformForAws(await manifestOf(`${PLAIN}${many(60)}`)).files['secrets.tf']
  const ci = Object.entries(readersOf(some)).filter(([name]) => name.startsWith('shop-ci'))
  expect(ci.length).toBeGreaterThan(2)
  expect(ci.flatMap(([, keys]) => keys)).toHaveLength(60)
  for (const [, keys] of ci) {
    // The longest names there are of partitions and regions.
    const arn = 'arn:aws-us-gov:secretsmanager:ap-southeast-22:123456789012:secret:/shop/-??????'
    const chars = keys.reduce((sum, key) => sum + JSON.stringify(arn + key).length + 1, 0)
    expect(chars).toBeLessThan(AWS_LIMITS.policyCharsMax - 1_300)
  }
  const tooMany = await manifestOf(`${PLAIN}${many(300)}`)
  expect(problemsOf(() => terraformForAws(tooMany)).join()).toContain('10 policies')
})

test('what AWS would refuse is told, all at once and where it is written', async () => {
  const owner = (chars: number) => `    owner: ${'o'.repeat(chars)}\n`
  const exact = await manifestOf(`${PLAIN}  api/a:\n${owner(AWS_LIMITS.tagValueCharsMax)}`)
  expect(problemsOf(() => terraformForAws(exact))).toEqual([])
  const odd = PLAIN.replace('[prod]', '{ prod: { prefix: "a shop" } }')
  const bad = await manifestOf(`${odd}  api/a: {}\n  api/b: {}\n`)
  expect(problemsOf(() => terraformForAws(bad))).toEqual(Array(2).fill('AWS takes no such name.'))
  const long = await manifestOf(`project: ${'p'.repeat(60)}\n${PLAIN.slice(14)}  api/a: {}\n`)
  expect(problemsOf(() => terraformForAws(long)).join()).toContain('64 characters')
})

test('two secrets of one name are refused; in accounts of their own they are not', async () => {
  const both = PLAIN.replace('[prod]', '{ prod: { prefix: shop }, dev: { prefix: shop } }')
  const manifest = await manifestOf(`${both}  api/a: {}\n`)
  const told = problemsOf(() => terraformForAws(manifest))
  expect(told).toEqual(['prod/api/a has this name, too.'])
  expect(problemsOf(() => terraformForAws(manifest, { environments: ['dev'] }))).toEqual([])
})

test('secrets of other providers are left to them, and that is told', async () => {
  const manifest = await manifestOf(`${PLAIN}  api/a: {}\n  api/b: { secretRef: "env:TOKEN" }\n`)
  const made = terraformForAws(manifest)
  expect(made.files['secrets.tf']).not.toContain('api/b')
  expect(made.notes[0]).toContain('api/b')
})

test('what the manifest delivers to AWS has the name and the marks of that', async () => {
  const manifest = await manifestOf(`${PLAIN}  api/a:
    deliver: [{ to: aws, prefix: /own/, name: 'x/\${env}' }]
  api/b:
`)
  const text = terraformForAws(manifest).files['secrets.tf']
  expect(text).toContain('= "/own/x/prod"')
  expect(text).toContain('"/shop/prod/api/b"')
  expect(text).toContain('"coffer:owner" = "shop/prod"')
  expect(text).toContain('"coffer:path"  = "shop/prod/api/a"')
  expect(text?.match(/coffer:owner/g)).toHaveLength(1)
})

test('a tag holds what AWS takes', async () => {
  const manifest = await manifestOf(`${PLAIN}  api/a: { owner: 'Jane "J" (\${x})' }\n`)
  expect(terraformForAws(manifest).files['secrets.tf']).toContain('"Jane _J_ ___x__"')
})

test('the same manifest gives the same bytes', () => {
  expect(terraformForAws(shop).files).toEqual(files)
})

const terraform = spawnSync('terraform', ['version'], { encoding: 'utf8' }).status === 0

test('a user whose access key was made by hand can be removed with its environment', () => {
  expect(files['iam.tf']).toMatch(/"aws_iam_user" "vercel" \{[^}]*force_destroy = true/)
})

test.skipIf(!terraform)(
  'readers decrypt with every key that is not AWS’s own (needs terraform)',
  () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'coffer-terraform-'))
    const keys = /^ {2}keys += (.*)$/m.exec(files['iam.tf'] ?? '')?.[1]?.replaceAll('var.', 'x.')
    const replica_kms_key_arns = { 'eu-west-1': 'arn:b' }
    const given = [
      [{ kms_key_arn: null, replica_kms_key_arns: {} }, []],
      [{ kms_key_arn: 'alias/aws/secretsmanager', replica_kms_key_arns: {} }, []],
      [{ kms_key_arn: null, replica_kms_key_arns }, ['arn:b']],
      [{ kms_key_arn: 'arn:a', replica_kms_key_arns }, ['arn:a', 'arn:b']],
    ] as const
    try {
      writeFileSync(path.join(dir, 'given.json'), JSON.stringify(given.map(([x]) => x)))
      const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: devNull }
      const input = `jsonencode([for x in jsondecode(file("given.json")) : ${keys}])\n`
      const options = { cwd: dir, env, input, encoding: 'utf8', timeout: 30_000 } as const
      const { stdout } = spawnSync('terraform', ['console'], options)
      expect(JSON.parse(JSON.parse(stdout) as string)).toEqual(given.map(([, found]) => found))
    } finally {
      rmSync(dir, { recursive: true })
    }
  },
)

test.skipIf(!terraform)('terraform fmt changes nothing (needs terraform)', async () => {
  const odd = 'a "b" ${c} %{d}\\n'
  const described = SHOP.replace('Takes payments', JSON.stringify(odd))
  const manifest = await manifestOf(described)
  for (const module of [false, true]) {
    const replicaRegions = module ? ['eu-west-1', 'eu-north-1'] : []
    const made = terraformForAws(manifest, { module, replicaRegions, repository: 'acme/shop' })
    const dir = mkdtempSync(path.join(tmpdir(), 'coffer-terraform-'))
    try {
      for (const [name, text] of Object.entries(made.files))
        writeFileSync(path.join(dir, name), text)
      const env = { ...process.env, TF_CLI_CONFIG_FILE: devNull }
      const options = { cwd: dir, env, encoding: 'utf8', timeout: 30_000 } as const
      const done = spawnSync('terraform', ['fmt', '-check', '-diff'], options)
      expect([done.stdout, done.status]).toEqual(['', 0])
    } finally {
      rmSync(dir, { recursive: true })
    }
  }
})

function readersOf(text = ''): Record<string, string[]> {
  const all = text.slice(text.indexOf('read_policies = {'))
  const found = all.matchAll(/^ {4}([\w.-]+) = \{[^]*?secrets = \[([^]*?)\]/gm)
  return Object.fromEntries(
    [...found].map(([, name = '', keys = '']) => [
      name,
      [...keys.matchAll(/"(.*)"/g)].map(([, key = '']) => key),
    ]),
  )
}
