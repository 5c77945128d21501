import { expect, test } from 'vitest'
import { ConfigError } from '../problem.ts'
import { kubernetesObjects } from './kubernetes/kubernetes.ts'
import { terraformForAws } from './terraform/aws.ts'
import { manifestOf } from './test-manifest.ts'
import { workloadPoliciesOf } from './workload-policies.ts'

/** In `a-b` the workload `c`, in `a` the workload `b-c`. */
const DASHES = await manifestOf(`project: shop
environments: [a-b, a]
secrets:
  x/one: { usedBy: [c, b-c] }
`)
const messageOf = async (make: () => unknown): Promise<string> => {
  try {
    await make()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message).join('\n')
    return (error as Error).message
  }
  return ''
}

test('two workloads of one actor and policy are refused, both by name', async () => {
  const policies = await messageOf(() => workloadPoliciesOf(DASHES, DASHES.environments))
  expect(policies).toBe('a-b/c and a/b-c would both have the policy shop-a-b-c.')
  const objects = await messageOf(() => kubernetesObjects(DASHES))
  expect(objects).toBe('a-b/c and a/b-c would both be called shop-a-b-c.')
  for (const { name } of DASHES.environments) {
    await expect(kubernetesObjects(DASHES, { environments: [name] })).resolves.toBeDefined()
  }
})

test('environments that IAM does not tell apart are refused', async () => {
  const cases = await manifestOf(
    'project: shop\nenvironments: [prod, Prod]\nsecrets:\n  x/one: {}\n',
  )
  expect(await messageOf(() => terraformForAws(cases))).toBe(
    [
      'To IAM it is the same name as shop-runtime-vercel-prod.',
      'To IAM it is the same name as shop-runtime-lambda-prod.',
    ].join('\n'),
  )
})

test('the roles of CI of some environments are told apart, whatever those are called', async () => {
  const manifest = await manifestOf(
    'project: shop\nenvironments: [a, b-c, a-b, c]\nsecrets:\n  x/one: {}\n',
  )
  const roleFor = (...environments: string[]) =>
    /ci_role = "(\S+)"/.exec(terraformForAws(manifest, { environments }).files['secrets.tf'] ?? '')
  expect([roleFor('a', 'b-c')?.[1], roleFor('a-b', 'c')?.[1], roleFor('a')?.[1]]).toEqual([
    'shop-ci-a+b-c',
    'shop-ci-a-b+c',
    'shop-ci-a',
  ])
})
