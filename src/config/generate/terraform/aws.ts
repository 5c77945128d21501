import { CofferError } from '../../../core/errors.ts'
import type { Environment, Manifest } from '../../manifest/manifest.ts'
import { environmentsOf } from '../environments.ts'
import { MARK } from '../generated.ts'
import type { Generated } from '../generated.ts'
import type { TerraformOptions } from './clouds.ts'
import { hcl } from './hcl.ts'
import { IAM } from './aws-iam.ts'
import { SECRETS } from './aws-secrets.ts'
import { MODULE } from './aws-module.ts'
import { variables } from './aws-variables.ts'
import { readmeOf } from './readme.ts'
import { readersOf } from './readers.ts'
import type { Reader } from './readers.ts'
import { awsSecrets } from './secrets.ts'
import type { AwsSecret } from './secrets.ts'

/**
 * Terraform for AWS: a secret for every declared one and environment, without values, and who may
 * read them. The same manifest gives the same bytes, as `terraform fmt` would write them. Valid for
 * `hashicorp/aws` from 5.0 on, with `module` from 6.0 on.
 * @throws CofferError `invalid_argument` for an option that is none, `invalid_config` for an environment
 * @throws ConfigError for what AWS would refuse
 */
export function terraformForAws(manifest: Manifest, options: TerraformOptions = {}): Generated {
  const { module = false } = options
  const environments = environmentsOf(manifest, options.environments)
  const { secrets, notes } = awsSecrets(manifest, environments)
  const some = environments.length < manifest.environments.length
  const readers = readersOf(manifest, environments, secrets, { some })
  const subjects = subjectsOf(environments, options.repository)
  const files = {
    'versions.tf': VERSIONS(module),
    'variables.tf': variables({ subjects, replicaRegions: regionsOf(options) }),
    'secrets.tf': `locals {\n${assign(localsOf(manifest, secrets, readers))}}\n`,
    'main.tf': module ? MODULE : SECRETS,
    'iam.tf': IAM,
    'outputs.tf': OUTPUTS(module),
  }
  const marked = Object.entries(files).map(([name, text]) => [name, `# ${MARK}.\n\n${text}`])
  const readme = readmeOf(manifest, { environments, secrets, readers, module })
  return { files: { ...Object.fromEntries(marked), 'README.md': readme }, notes }
}

const REPOSITORY = /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/
const REGION = /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/

function subjectsOf(environments: readonly Environment[], repository: string | undefined) {
  if (repository === undefined) return []
  if (!REPOSITORY.test(repository)) {
    throw usage('A repository is OWNER/NAME.', 'Write it as on GitHub: acme/shop.')
  }
  return environments.map(({ name }) => `repo:${repository}:environment:${name}`)
}

function regionsOf({ replicaRegions = [] }: TerraformOptions): readonly string[] {
  if (replicaRegions.every((region) => REGION.test(region))) return [...new Set(replicaRegions)]
  throw usage('A region is written as AWS does.', 'For example eu-west-1.')
}

const usage = (message: string, remedy: string) =>
  new CofferError('invalid_argument', message, { remedy })

function localsOf(
  { project }: Manifest,
  secrets: readonly AwsSecret[],
  readers: readonly Reader[],
) {
  const of = (kind: Reader['kind']) => readers.filter((reader) => reader.kind === kind)
  const byEnvironment = (kind: Reader['kind']) =>
    Object.fromEntries(of(kind).map(({ name, environment = '' }) => [environment, name]))
  return {
    project,
    secrets: Object.fromEntries(secrets.map((secret) => [secret.key, rowOf(secret)])),
    vercel_users: byEnvironment('vercel'),
    lambda_roles: byEnvironment('lambda'),
    ci_role: of('ci')[0]?.name ?? null,
    read_policies: Object.fromEntries(readers.flatMap(policiesOf)),
  }
}

const rowOf = (secret: AwsSecret) => ({
  environment: secret.environment,
  service: secret.service,
  secret: secret.secret,
  name: secret.name,
  description: secret.description,
  owner: secret.owner,
  classification: secret.classification,
  rotate_every_days: secret.rotateEveryDays,
  rotation_interval: `${secret.declared.rotateEveryDays}d`,
  marks: secret.marks,
})

const policiesOf = ({ kind, name, environment, policies }: Reader) =>
  policies.map(
    (secrets, at) =>
      [`${name}-read-${at + 1}`, { kind, environment: environment ?? '', secrets }] as const,
  )

/** Each with a blank line between: nothing has to be aligned. */
const assign = (members: Readonly<Record<string, Parameters<typeof hcl>[0]>>): string =>
  Object.entries(members)
    .map(([name, value]) => `  ${name} = ${hcl(value, 1)}\n`)
    .join('\n')

const VERSIONS = (module: boolean) => `terraform {
  required_version = ">= ${module ? '1.11' : '1.3'}"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= ${module ? '6.0' : '5.0'}"
    }
  }
}
`

const OUTPUTS = (module: boolean) => `output "secret_arns" {
  description = "ARNs of the secrets, by environment and name."
  value       = { for key, secret in ${module ? 'module.secret : key => secret.secret_arn' : 'aws_secretsmanager_secret.this : key => secret.arn'} }
}

output "vercel_users" {
  description = "Users of Vercel's deploy hooks, by environment. Keys of them are made outside of Terraform."
  value       = { for environment, user in aws_iam_user.vercel : environment => user.name }
}

output "lambda_role_arns" {
  description = "Roles of Lambda functions, by environment."
  value       = { for environment, role in aws_iam_role.lambda : environment => role.arn }
}

output "ci_role_arn" {
  description = "The role that CI takes by OpenID Connect."
  value       = aws_iam_role.ci.arn
}
`
