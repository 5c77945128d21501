import type { Environment, Manifest } from '../../manifest/manifest.ts'
import { MARK } from '../generated.ts'
import type { Reader } from './readers.ts'
import type { AwsSecret } from './secrets.ts'

export interface ReadmeFacts {
  readonly environments: readonly Environment[]
  readonly secrets: readonly AwsSecret[]
  readonly readers: readonly Reader[]
  readonly module: boolean
}

/** What is here and what to do with it. */
export function readmeOf(manifest: Manifest, facts: ReadmeFacts): string {
  const { environments, secrets, readers, module } = facts
  const vercel = readers.find(({ kind }) => kind === 'vercel')?.name ?? ''
  const names = environments.map(({ name }) => name)
  return `<!-- ${MARK}. -->

# Secrets of ${manifest.project} in AWS Secrets Manager

${secrets.length} secrets in ${names.join(', ')}, and who may read them. Made from the manifest: change that, and
make this again. Settings of your own belong into other files beside these, such as \`terraform.tfvars\`.

\`\`\`sh
export AWS_REGION=eu-central-1
terraform init
terraform plan -out secrets.tfplan
terraform apply secrets.tfplan
\`\`\`

| who | may |
| --- | --- |
${readers.map(rowOf).join('\n')}

## Values

None is here, and none comes into Terraform's state. ${module ? PLACEHOLDER : EMPTY} Deliver them from Coffer, to the
destination \`aws\`; who delivers must be allowed to, and what Terraform made is taken over the first time, by \`--adopt-all\`.
${undeclared(manifest.project, secrets)}
\`\`\`sh
${names.map(deliveryOf).join('\n\n')}
\`\`\`

## Keys for Vercel

An access key in Terraform would be in its state, so it is made by hand, and again before it is 90 days old:

\`\`\`sh
aws iam create-access-key --user-name ${vercel}
\`\`\`

## Rotation

At most ${Math.max(...secrets.map(({ rotateEveryDays }) => rotateEveryDays), 1)} days apart. \`rotation_lambda_arns\` names the functions that rotate, which
\`secretsmanager.amazonaws.com\` must be allowed to invoke; AWS calls a function at once when it is named, so deliver
values first. What is not rotated there is rotated with \`coffer rotate\` and delivered; \`coffer check\` says when it is due.

## Another region

\`replica_regions = ["eu-west-1"]\` keeps a copy of every secret there under the same name, and lets the same readers
read it. \`replica_kms_key_arns\` names the keys of those regions.
`
}

const deliveryOf = (environment: string): string =>
  ['allow', 'plan', 'apply']
    .map((step) => `coffer sync ${step} --env ${environment}${step === 'allow' ? '' : TAKEN_OVER}`)
    .join('\n')

const TAKEN_OVER = ' --only aws --adopt-all'

/** What to add to the manifest for those that it does not deliver there. */
function undeclared(project: string, secrets: readonly AwsSecret[]): string {
  const lines = new Map<string, string>()
  for (const { secret, name, environment, marks } of secrets) {
    if (Object.keys(marks).length > 0 || lines.has(secret)) continue
    const isUsual = name === `/${project}/${environment}/${secret}`
    const named = isUsual ? `/${project}/\${env}/${secret}` : name
    lines.set(secret, `${secret}:\n  deliver:\n    - { to: aws, name: '${named}' }`)
  }
  if (lines.size === 0) return ''
  const shown = [...lines.values()].slice(0, SHOWN_MAX)
  const more = lines.size - shown.length
  return `
The manifest does not say so of ${lines.size} secrets yet. In coffer.yaml:

\`\`\`yaml
${shown.join('\n')}
${more > 0 ? `# and ${more} more in the same way\n` : ''}\`\`\`
`
}

const SHOWN_MAX = 10
const EMPTY = 'A secret that nothing was delivered to has no value.'
const PLACEHOLDER =
  'The module writes a random placeholder, which looks like a value to whoever only sees that there is one.'

const SUBJECT: Record<Reader['kind'], string> = {
  vercel: 'user',
  lambda: 'role of Lambda functions',
  ci: 'role of GitHub Actions, for `ci_subjects`',
}

function rowOf({ kind, name, environment, policies }: Reader): string {
  const count = policies.flat().length
  const where = environment === undefined ? '' : ` of ${environment}`
  return `| \`${name}\`, ${SUBJECT[kind]} | read ${count} secrets${where} |`
}
