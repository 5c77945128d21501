import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { compileAccess, decide } from '../../../core/policy/decide.ts'
import { ConfigError } from '../../problem.ts'
import { environmentsOf } from '../environments.ts'
import { manifestOf, SHOP } from '../test-manifest.ts'
import { workloadPoliciesOf } from '../workload-policies.ts'
import { kubernetesObjects } from './kubernetes.ts'

interface Thing {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly { readonly resourceNames: string[]; readonly verbs: string[] }[]
  readonly spec?: {
    readonly provider?: { readonly vault: Record<string, unknown> }
    readonly data?: readonly { readonly remoteRef: { readonly key: string } }[]
  }
}

const shop = await manifestOf(SHOP)
const { files, notes } = await kubernetesObjects(shop, { server: 'https://coffer.test:8200/' })
const things = (name: string, from = files): Thing[] =>
  parseAllDocuments(from[name] ?? '')
    .map((document) => document.toJS() as Thing | null)
    .filter((thing) => thing !== null)
const named = (name: string, kind: string) => things(name).filter((thing) => thing.kind === kind)
const refusalOf = async (yaml: string) => {
  try {
    await kubernetesObjects(await manifestOf(yaml))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message).join('\n')
    throw error
  }
  return undefined
}
const PLAIN = 'project: shop\nenvironments: [prod]\n'

test('a workload reads its own Secret by name, and lists none', () => {
  const roles = named('prod/2-access.yaml', 'Role')
  expect(roles.map(({ metadata, rules }) => [metadata.name, metadata.namespace, rules])).toEqual([
    ['api-secrets', 'shop', [rule(['api-secrets'])]],
    ['worker-secrets', 'shop', [rule(['worker-secrets'])]],
  ])
  const accounts = named('prod/2-access.yaml', 'ServiceAccount')
  expect(accounts.map(({ metadata }) => metadata.name)).toEqual(['api', 'background'])
  expect(named('prod/1-namespaces.yaml', 'Namespace')).toMatchObject([
    { metadata: { name: 'shop' } },
  ])

  function rule(resourceNames: string[]) {
    return { apiGroups: [''], resources: ['secrets'], resourceNames, verbs: ['get', 'watch'] }
  }
})

test('the operator asks with the account of the workload, for what that uses', () => {
  const [store] = named('prod/3-external-secrets.yaml', 'SecretStore')
  expect(store?.spec?.provider?.vault).toEqual({
    server: 'https://coffer.test:8200',
    path: 'secret',
    version: 'v2',
    caProvider: { type: 'ConfigMap', name: 'coffer-ca', key: 'ca.crt' },
    auth: {
      jwt: {
        path: 'kubernetes-prod',
        role: 'shop-prod-api',
        kubernetesServiceAccountToken: {
          serviceAccountRef: { name: 'api' },
          audiences: ['https://coffer.test:8200'],
        },
      },
    },
  })
  const [api, worker] = named('prod/3-external-secrets.yaml', 'ExternalSecret')
  expect(api?.spec).toMatchObject({
    target: { name: 'api-secrets' },
    data: [
      { secretKey: 'API_STRIPE_KEY', remoteRef: remote('api/stripe-key', { property: 'value' }) },
      { secretKey: 'API_SETTINGS', remoteRef: remote('api/settings', {}) },
    ],
  })
  const bytes = remote('worker/seed', { property: 'value', decodingStrategy: 'Base64' })
  expect(worker?.spec?.data?.[1]).toEqual({ secretKey: 'WORKER_SEED', remoteRef: bytes })

  function remote(name: string, more: object) {
    return { key: `shop/prod/${name}`, ...more }
  }
})

test('what the operator asks for is what the policy of the workload allows', () => {
  for (const { name: env } of shop.environments) {
    const policies = workloadPoliciesOf(shop, environmentsOf(shop, [env]))
    const asked = named(`${env}/3-external-secrets.yaml`, 'ExternalSecret')
    expect(asked).toHaveLength(policies.length)
    for (const { workload, policy, paths } of policies) {
      const external = asked.find(({ metadata }) => metadata.name === workload)
      expect(external?.spec?.data?.map(({ remoteRef }) => remoteRef.key)).toEqual(paths)
      const access = compileAccess({ policies: [policy] })
      const may = (path: string) => decide(access, { action: 'read', path, at: 0 }).allowed
      expect(paths.every(may)).toBe(true)
      expect(may('shop/prod/api/settings')).toBe(env === 'prod' && workload === 'api')
    }
  }
})

test('what the README tells Coffer are the names that the objects have', () => {
  expect(files['README.md']).toContain(
    'coffer jwt role kubernetes-prod shop-prod-worker --audience https://coffer.test:8200 --subject system:serviceaccount:shop:background --actor service:shop-prod-worker',
  )
  expect(files['README.md']).toContain('coffer policy workloads --env prod')
  expect(notes.join()).toContain('more than one environment')
})

test("an object that holds another's secret is not the workload's to read", async () => {
  const deliver = (secret: string, name: string) =>
    `    deliver: [{ to: kubernetes, namespace: shop, secret: ${secret}, name: ${name} }]\n`
  const yaml = `${PLAIN}workloads: { a: { namespace: shop }, b: { namespace: shop } }
secrets:
  x/own:
    usedBy: [a]
${deliver('own', 'OWN')}  x/one:
    usedBy: [a]
${deliver('mixed', 'ONE')}  x/two:
    usedBy: [b]
${deliver('mixed', 'TWO')}`
  const made = await kubernetesObjects(await manifestOf(yaml))
  const roles = things('prod/2-access.yaml', made.files).filter(({ kind }) => kind === 'Role')
  expect(roles.map(({ rules }) => rules?.[0]?.resourceNames)).toEqual([
    ['a-secrets', 'own'],
    ['b-secrets'],
  ])
  expect(made.notes).toHaveLength(2)
})

test.each([
  ['A_b', 'workloads: { A_b: {} }\nsecrets: { x/y: { usedBy: [A_b] } }', 'no such name'],
  ['one account', accounts('app', 'app'), 'account of a'],
  ['one variable', 'secrets: { x/a-b: { usedBy: [a] }, x/a_b: { usedBy: [a] } }', 'X_A_B'],
  ['a pattern', 'secrets: { x/y: { usedBy: [a], secretRef: "/shop/*" } }', 'other secrets'],
  [
    'a long name',
    `workloads: { ${'w'.repeat(53)}: {} }\nsecrets: { x/y: { usedBy: [${'w'.repeat(53)}] } }`,
    'no such name',
  ],
])('%s is refused where it would be something else', async (_, yaml, message) => {
  expect(await refusalOf(`${PLAIN}${yaml}\n`)).toContain(message)
})

test('environments have namespaces of their own where the manifest says so', async () => {
  const own = SHOP.replaceAll('namespace: shop', "namespace: '${project}-${env}'")
  const made = await kubernetesObjects(await manifestOf(own))
  const [space] = things('prod/1-namespaces.yaml', made.files)
  expect(space?.metadata.name).toBe('shop-prod')
  expect(made.notes).toEqual([])
})

test('accounts of their own are not refused', async () => {
  expect(await refusalOf(`${PLAIN}${accounts('a', 'b')}\n`)).toBeUndefined()
})

test('options that are none are refused; an authority is put where it belongs', async () => {
  const options = [
    { server: 'http://coffer.test' },
    { server: 'https://coffer.test/x' },
    { server: 'https://u:p@coffer.test' },
    { mount: 'a/b' },
    { refreshInterval: '1 hour' },
    { ca: 'no certificate' },
  ]
  for (const option of options) {
    await expect(kubernetesObjects(shop, option)).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  }
  const ca = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
  const made = await kubernetesObjects(shop, { ca, environments: ['prod'] })
  expect(Object.keys(made.files).filter((name) => !/^(prod\/|README)/.test(name))).toEqual([])
  const [store] = things('prod/3-external-secrets.yaml', made.files)
  expect(store?.spec?.provider?.vault.caBundle).toBe(Buffer.from(ca).toString('base64'))
})

test('no name of an actor ends the code that it stands in, in the page or in its commands', async () => {
  const actor = "service:a`|<img/src=x>$(id)'b"
  const made = await kubernetesObjects(
    await manifestOf(`${PLAIN}workloads: { a: { actor: "${actor}" } }
secrets: { x/y: { usedBy: [a] } }\n`),
  )
  const page = made.files['README.md'] ?? ''
  expect(page).toContain("| `` service:a`\\|<img/src=x>$(id)'b `` |")
  expect(page).toContain("--actor 'service:a`|<img/src=x>$(id)'\\''b' --ttl")
})

test('where nothing says who uses it there is nothing to make, and that is told', async () => {
  const none = await manifestOf(`${PLAIN}secrets: { x/y: {} }\n`)
  await expect(kubernetesObjects(none)).rejects.toMatchObject({ code: 'invalid_config' })
})

function accounts(a: string, b: string): string {
  return `workloads: { a: { serviceAccount: ${a} }, b: { serviceAccount: ${b} } }
secrets: { x/y: { usedBy: [a] }, x/z: { usedBy: [b] } }`
}

test('a workload that runs elsewhere gets no account in the cluster', async () => {
  const { files: some } = await kubernetesObjects(shop, { workloads: ['api'] })
  const accounts = things('prod/2-access.yaml', some).filter(
    ({ kind }) => kind === 'ServiceAccount',
  )
  expect(accounts.map(({ metadata }) => metadata.name)).toEqual(['api'])
  expect(Object.values(some).join('')).not.toContain('worker')
  await expect(kubernetesObjects(shop, { workloads: ['apj'] })).rejects.toThrow('api, worker')
})
