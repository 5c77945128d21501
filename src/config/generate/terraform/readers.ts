import type { Environment, Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import { sameNamed } from '../same-name.ts'
import { AWS_LIMITS } from './aws-limits.ts'
import type { AwsSecret } from './secrets.ts'

/** Somebody who reads: a user or a role, and what it may. */
export interface Reader {
  readonly kind: 'vercel' | 'lambda' | 'ci'
  /** Its name in IAM: `shop-runtime-vercel-prod`. */
  readonly name: string
  /** None for the one of CI, which is there for all. */
  readonly environment?: string | undefined
  /** Keys of secrets, as many together as one policy holds. */
  readonly policies: readonly (readonly string[])[]
}

export interface ReaderOptions {
  /** Whether some environments were left out, so that those of the others may stand beside. */
  readonly some: boolean
}

/**
 * Who reads what: for every environment a user of Vercel's deploy hooks and a role of Lambda
 * functions, and one role of CI. Vercel's user has the secrets that are delivered to Vercel,
 * Lambda's role those that a workload uses; all of its environment, where no secret of the manifest
 * says so.
 * @throws ConfigError where a name, or the policies of one reader, pass what IAM takes
 */
export function readersOf(
  manifest: Manifest,
  environments: readonly Environment[],
  secrets: readonly AwsSecret[],
  { some }: ReaderOptions,
): Reader[] {
  const delivered = narrowed(secrets, (secret) => isDeliveredTo(manifest, secret, 'vercel'))
  const used = narrowed(secrets, ({ declared }) => declared.usedBy.length > 0)
  const within = (from: readonly AwsSecret[], { name }: Environment) =>
    inPolicies(from.filter(({ environment }) => environment === name))
  const { project } = manifest
  // With a sign that no environment's name has: `a-b` and `c` are not `a` and `b-c`.
  const those = environments.map(({ name }) => name).join('+')
  const ci = some ? `${project}-ci-${those}` : `${project}-ci`
  const readers: Reader[] = [
    ...environments.map((environment) => ({
      kind: 'vercel' as const,
      name: `${project}-runtime-vercel-${environment.name}`,
      environment: environment.name,
      policies: within(delivered, environment),
    })),
    ...environments.map((environment) => ({
      kind: 'lambda' as const,
      name: `${project}-runtime-lambda-${environment.name}`,
      environment: environment.name,
      policies: within(used, environment),
    })),
    { kind: 'ci', name: ci, policies: inPolicies(secrets) },
  ]
  const problems = [
    ...readers.flatMap((reader) => problemsOf(reader, manifest)),
    ...sameNamed(readers, ({ name }) => name).map((same) => oneName(same, manifest)),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return readers
}

/** Of a policy: its statements but for the names, with room for the longest names of regions. */
const STATEMENTS_CHARS = 1_400
/** Of an ARN: all but the secret's name, with quotes and comma. */
const ARN_CHARS = 80

function narrowed(secrets: readonly AwsSecret[], says: (secret: AwsSecret) => boolean) {
  const named = secrets.filter(says)
  return named.length === 0 ? secrets : named
}

function isDeliveredTo({ destinations }: Manifest, secret: AwsSecret, kind: string): boolean {
  return secret.declared.deliver.some(
    ({ to, environments }) =>
      (destinations[to]?.kind ?? to) === kind && environments.includes(secret.environment),
  )
}

function inPolicies(secrets: readonly AwsSecret[]): string[][] {
  const policies: string[][] = []
  let left = 0
  for (const { key, name } of secrets) {
    const chars = name.length + ARN_CHARS
    if (chars > left) {
      policies.push([])
      left = AWS_LIMITS.policyCharsMax - STATEMENTS_CHARS
    }
    left -= chars
    policies.at(-1)?.push(key)
  }
  return policies
}

/** IAM compares names without case. */
const oneName = ([reader, other]: readonly [Reader, Reader], { file }: Manifest) => ({
  field: reader.name,
  reference: file,
  provider: 'aws',
  code: 'invalid_config' as const,
  message: `To IAM it is the same name as ${other.name}.`,
  remedy: 'Rename one of the environments.',
})

function problemsOf({ name, policies }: Reader, { file }: Manifest) {
  const { principalNameCharsMax, policiesPerPrincipal } = AWS_LIMITS
  const about = { field: name, reference: file, provider: 'aws', code: 'invalid_config' } as const
  const problems = []
  if (name.length > principalNameCharsMax) {
    const message = `A name in IAM has at most ${principalNameCharsMax} characters.`
    problems.push({ ...about, message, remedy: 'Shorten the name of the project or environment.' })
  }
  if (policies.length > policiesPerPrincipal) {
    const message = `It reads more secrets than ${policiesPerPrincipal} policies can name.`
    const remedy = 'Make a directory for each environment, with --env, or say in usedBy who reads.'
    problems.push({ ...about, message, remedy })
  }
  return problems
}
