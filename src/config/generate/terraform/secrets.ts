import { deliveriesOf } from '../../manifest/deliveries.ts'
import type { DeclaredSecret, Environment, Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import type { Problem } from '../../problem.ts'
import { COFFER } from '../../reference.ts'
import { AWS_LIMITS, SECRET_NAME, TAG_TEXT } from './aws-limits.ts'

/** One secret of one environment in AWS Secrets Manager. */
export interface AwsSecret {
  /** Its key in Terraform: `prod/api/stripe-key`. */
  readonly key: string
  readonly environment: string
  /** As the manifest calls it: `api/stripe-key`. */
  readonly secret: string
  readonly service: string
  /** Its name there: what the manifest delivers it as, else `/shop/prod/api/stripe-key`. */
  readonly name: string
  /** What `coffer sync` tells by that it is ours, where the manifest delivers to AWS. */
  readonly marks: Readonly<Record<string, string>>
  readonly description: string | null
  readonly owner: string
  readonly classification: string
  /** At most 90. */
  readonly rotateEveryDays: number
  readonly declared: DeclaredSecret
}

export interface AwsSecrets {
  readonly secrets: readonly AwsSecret[]
  readonly notes: readonly string[]
}

/**
 * The secrets of these environments, in the manifest's order. One whose reference names another
 * provider's secret is left to that provider, and noted.
 * @throws ConfigError for what AWS would refuse, all at once
 */
export function awsSecrets(manifest: Manifest, environments: readonly Environment[]): AwsSecrets {
  const secrets: AwsSecret[] = []
  const elsewhere = new Set<string>()
  for (const environment of environments) {
    const delivered = deliveredNames(manifest, environment.name)
    for (const declared of manifest.secrets) {
      if (!declared.environments.includes(environment.name)) continue
      if (isElsewhere(declared, environment)) elsewhere.add(declared.name)
      else secrets.push(awsSecret(manifest, environment, declared, delivered.get(declared.name)))
    }
  }
  const problems = [...secrets.flatMap(problemsOf), ...sameNames(secrets)]
  if (problems.length > 0) throw new ConfigError(problems)
  return { secrets, notes: [...left(elsewhere), ...shortened(secrets), ...unowned(secrets)] }
}

/** What stands in a tag that the manifest gives no value for. */
const UNOWNED = 'unassigned'
const UNCLASSIFIED = 'unclassified'

function isElsewhere(declared: DeclaredSecret, environment: Environment): boolean {
  const provider = declared.references[environment.name]?.ref.provider
  return provider !== undefined && provider !== COFFER && provider !== environment.provider
}

/** By secret; below the prefix of their destination. */
function deliveredNames(manifest: Manifest, env: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { kind, options, entries } of deliveriesOf(manifest, env)) {
    if (kind !== 'aws') continue
    const { prefix } = options
    const below = typeof prefix === 'string' ? `/${trimmed(prefix)}/` : ''
    for (const { name, secret } of entries) {
      if (!found.has(secret.name)) found.set(secret.name, below + name)
    }
  }
  return found
}

const trimmed = (prefix: string): string => prefix.replace(/^\/+|\/+$/g, '')

function awsSecret(
  { project }: Manifest,
  { name: env, prefix }: Environment,
  declared: DeclaredSecret,
  delivered: string | undefined,
): AwsSecret {
  const path = declared.references[env]?.ref.key ?? `${prefix}/${declared.name}`
  const marks = { 'coffer:owner': `${project}/${env}`, 'coffer:path': path }
  return {
    key: `${env}/${declared.name}`,
    environment: env,
    secret: declared.name,
    service: declared.name.split('/')[0] ?? declared.name,
    name: delivered ?? `/${prefix}/${declared.name}`,
    marks: delivered === undefined ? {} : marks,
    description: declared.description ?? null,
    owner: tagText(declared.owner ?? UNOWNED),
    classification: tagText(declared.classification ?? UNCLASSIFIED),
    rotateEveryDays: Math.min(declared.rotateEveryDays, AWS_LIMITS.rotateDaysMax),
    declared,
  }
}

/** What AWS does not take in a tag is `_`. */
const tagText = (text: string): string => text.replace(TAG_TEXT, '_')

const problemOf = ({ name, declared }: AwsSecret, message: string, remedy: string): Problem => ({
  field: `secrets.${declared.name}`,
  position: declared.at,
  reference: name,
  provider: 'aws',
  code: 'invalid_config',
  message,
  remedy,
})

/** One account holds one secret of a name. */
function sameNames(secrets: readonly AwsSecret[]): Problem[] {
  const first = new Map<string, AwsSecret>()
  return secrets.flatMap((secret) => {
    const other = first.get(secret.name)
    if (other === undefined) first.set(secret.name, secret)
    const remedy =
      'Give it another name there, or make a directory for each environment with --env.'
    return other === undefined
      ? []
      : [problemOf(secret, `${other.key} has this name, too.`, remedy)]
  })
}

function problemsOf(secret: AwsSecret): Problem[] {
  const { name, description, owner, classification } = secret
  const wrong = (message: string, remedy: string) => problemOf(secret, message, remedy)
  const { secretNameCharsMax, descriptionCharsMax, tagValueCharsMax } = AWS_LIMITS
  const problems: Problem[] = []
  if (!SECRET_NAME.test(name)) {
    const remedy = 'Rename it: letters, digits and / _ + = . @ -'
    problems.push(wrong('AWS takes no such name.', remedy))
  }
  if (name.length > secretNameCharsMax) {
    const why = `A name in AWS has at most ${secretNameCharsMax} characters.`
    problems.push(wrong(why, 'Shorten its name or the prefix.'))
  }
  if (description !== null && description.length > descriptionCharsMax) {
    const why = `A description in AWS has at most ${descriptionCharsMax} characters.`
    problems.push(wrong(why, 'Shorten its description.'))
  }
  for (const [what, text] of Object.entries({ owner, classification })) {
    if (text.length <= tagValueCharsMax) continue
    const why = `The ${what} is a tag in AWS, of at most ${tagValueCharsMax} characters.`
    problems.push(wrong(why, `Shorten its ${what}.`))
  }
  return problems
}

const left = (names: ReadonlySet<string>): string[] =>
  names.size === 0 ? [] : [`Left to the providers that hold them: ${[...names].join(', ')}`]

function shortened(secrets: readonly AwsSecret[]): string[] {
  const days = AWS_LIMITS.rotateDaysMax
  const late = secrets.filter(({ declared }) => declared.rotateEveryDays > days)
  const names = [...new Set(late.map(({ secret }) => secret))]
  return names.length === 0 ? [] : [`Rotated every ${days} days at the latest: ${names.join(', ')}`]
}

function unowned(secrets: readonly AwsSecret[]): string[] {
  const names = [...new Set(secrets.filter((s) => s.owner === UNOWNED).map((s) => s.secret))]
  return names.length === 0 ? [] : [`Without an owner in the manifest: ${names.join(', ')}`]
}
