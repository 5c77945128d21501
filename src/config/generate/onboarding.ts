import { variableOf } from '../manifest/variable.ts'
import type { DeclaredSecret, Environment, Manifest } from '../manifest/manifest.ts'
import { COFFER, showReference } from '../reference.ts'
import { fill } from '../manifest/fill.ts'
import { MARK } from './generated.ts'
import { code, table, text } from './markdown.ts'

/**
 * The page for who joins a project: what each environment needs, who answers for it, who uses it, where
 * it goes, and the commands that set it. No values. The same manifest gives the same text.
 */
export function onboardingOf(manifest: Manifest, environments: readonly Environment[]): string {
  const [first] = environments
  return [
    `<!-- ${MARK}: run \`coffer docs env\` again when it changes. -->`,
    '',
    `# Secrets of ${text(manifest.project)}`,
    '',
    'What each environment needs, as `coffer.yaml` declares it. Values are in none of these pages.',
    '',
    ...table(
      ['Environment', 'What for', 'Where', 'Secrets'],
      environments.map((environment) => [
        `[${text(environment.name)}](#${anchorOf(environment.name)})`,
        text(environment.description ?? ''),
        code(placeOf(environment)),
        String(neededIn(manifest, environment).length),
      ]),
    ),
    '',
    '## Begin',
    '',
    '```sh',
    `coffer check --env ${first?.name ?? 'ENV'}     # what is missing, and what to do about it`,
    `coffer run --env ${first?.name ?? 'ENV'} -- npm start`,
    '```',
    '',
    ...environments.flatMap((environment) => sectionOf(manifest, environment)),
  ].join('\n')
}

function sectionOf(manifest: Manifest, environment: Environment): readonly string[] {
  const { name } = environment
  const secrets = neededIn(manifest, environment)
  const names = { env: name, project: manifest.project }
  const rows = secrets.map((secret) => [
    code(secret.name) + (secret.optional ? ' (optional)' : ''),
    text(secret.description ?? ''),
    code(secret.type?.name ?? 'string'),
    code(variableOf(secret)),
    text(secret.owner ?? ''),
    text(secret.classification ?? ''),
    `${secret.rotateEveryDays} days${secret.rotatesItself ? ', by itself' : ''}`,
    secret.usedBy.map(text).join(', '),
    deliveriesOf(secret, name, names),
  ])
  const commands = secrets.map((secret) => commandOf(secret, name))
  return [
    `## ${text(name)}`,
    '',
    ...(environment.description === undefined ? [] : [text(environment.description), '']),
    ...table(
      [
        'Secret',
        'What for',
        'Type',
        'Variable',
        'Owner',
        'Classification',
        'Rotated every',
        'Used by',
        'Delivered to',
      ],
      rows,
    ),
    '',
    'To set one (the value is asked for, or comes from stdin):',
    '',
    '```sh',
    ...commands,
    '```',
    '',
    ...(secrets.some((secret) => secret.usedBy.length > 0)
      ? [
          'To let workloads read theirs:',
          '',
          '```sh',
          `coffer policy workloads --env ${name}`,
          '```',
          '',
        ]
      : []),
    ...(secrets.some((secret) => secret.deliver.some((line) => line.environments.includes(name)))
      ? [
          'To deliver them:',
          '',
          '```sh',
          `coffer sync plan --env ${name}`,
          `coffer sync apply --env ${name}`,
          '```',
          '',
        ]
      : []),
  ]
}

const neededIn = ({ secrets }: Manifest, { name }: Environment): readonly DeclaredSecret[] =>
  secrets.filter((secret) => secret.references[name] !== undefined)

const placeOf = ({ provider, prefix, keyPrefix }: Environment): string =>
  provider === COFFER ? prefix : `${provider}:${keyPrefix}`

function deliveriesOf(
  secret: DeclaredSecret,
  env: string,
  names: { readonly env: string; readonly project: string },
): string {
  return secret.deliver
    .filter((line) => line.environments.includes(env))
    .map((line) => `${text(line.to)} as ${code(fill(line.name, names))}`)
    .join(', ')
}

/** What sets it, or where it is kept when that is not a Coffer. */
function commandOf(secret: DeclaredSecret, env: string): string {
  const ref = secret.references[env]?.ref
  if (ref === undefined) return ''
  if (ref.provider !== COFFER) return `# ${secret.name}: kept in ${showReference(ref)}`
  return `coffer set ${secret.name} --env ${env}`
}

/** As GitHub makes them of headings. */
const anchorOf = (name: string) => name.toLowerCase().replaceAll('.', '')
