import { variableOf } from '../manifest/variable.ts'
import type { DeclaredSecret, Environment, Manifest } from '../manifest/manifest.ts'
import { COFFER, showReference } from '../reference.ts'
import { fill } from '../manifest/fill.ts'
import { MARK } from './generated.ts'
import { code, oneLine, table, text } from './markdown.ts'

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
    'In a terminal it is `npx coffer`, where it is a dependency of the project.',
    '',
    ...(environments.some(({ provider }) => provider === COFFER) ? FIRST : []),
    '```sh',
    `coffer check --env ${first?.name ?? 'ENV'}     # what is missing, and what to do about it`,
    `coffer run --env ${first?.name ?? 'ENV'} -- npm start`,
    '```',
    '',
    ...environments.flatMap((environment) => sectionOf(manifest, environment)),
  ].join('\n')
}

/** Where values come from, for who has no way to them yet. */
const FIRST = [
  'At a server, whose address the team knows (for an authority of its own also `COFFER_CACERT=ca.pem`):',
  '',
  '```sh',
  'export COFFER_ADDR=https://coffer.example:8200',
  'coffer login     # asks for a token, which whoever runs the server gives',
  '```',
  '',
  'Without one, `coffer init` makes a store on this machine; the values are then set as below.',
  '',
]

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
  const here = secrets.filter(({ references }) => references[name]?.ref.provider === COFFER)
  const elsewhere = secrets.filter((secret) => !here.includes(secret))
  const isDelivered = secrets.some(({ deliver }) =>
    deliver.some((line) => line.environments.includes(name)),
  )
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
    ...block(
      'To set one (the value is asked for, comes from stdin, or is made with `--generate`):',
      here.map((secret) => `coffer set ${secret.name} --env ${name}`),
    ),
    ...block(
      'Kept elsewhere, and set there:',
      elsewhere.map((secret) => `# ${secret.name}: ${oneLine(keptAt(secret, name))}`),
    ),
    ...block(
      'To let workloads read theirs:',
      here.some(({ usedBy }) => usedBy.length > 0) ? [`coffer policy workloads --env ${name}`] : [],
    ),
    ...block(
      'To deliver them:',
      isDelivered
        ? ['allow', 'plan', 'apply'].map((word) => `coffer sync ${word} --env ${name}`)
        : [],
    ),
  ]
}

/** Commands under their title; nothing where there are none. */
const block = (title: string, commands: readonly string[]): readonly string[] =>
  commands.length === 0 ? [] : [title, '', '```sh', ...commands, '```', '']

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

const keptAt = ({ references }: DeclaredSecret, env: string): string => {
  const ref = references[env]?.ref
  return ref === undefined ? '' : showReference(ref)
}

/** As GitHub makes them of headings. */
const anchorOf = (name: string) => name.toLowerCase().replaceAll('.', '')
