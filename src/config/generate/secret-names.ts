import type { DeclaredSecret, Manifest } from '../manifest/manifest.ts'
import { MARK } from './generated.ts'
import { oneLine } from './markdown.ts'

/**
 * A TypeScript declaration by which `secretRef` takes the names that the manifest declares, and no
 * other. The same manifest gives the same text.
 */
export function secretNamesOf(manifest: Manifest): string {
  const members = manifest.secrets.flatMap((secret) => [
    `    /** ${aboutOf(secret, manifest)} */`,
    `    readonly ${quoted(secret.name)}: true`,
  ])
  return [
    `// ${MARK}: run \`coffer types\` again when it changes.`,
    "export type { DeclaredSecrets } from 'coffer/config'",
    '',
    "declare module 'coffer/config' {",
    '  interface DeclaredSecrets {',
    ...members,
    '  }',
    '}',
    '',
  ].join('\n')
}

/** In one line that ends no comment. */
function aboutOf(secret: DeclaredSecret, { environments }: Manifest): string {
  const { description, type, owner, environments: needed } = secret
  const parts = [
    description,
    type?.name ?? 'string',
    owner,
    needed.length < environments.length ? `only in ${needed.join(', ')}` : undefined,
  ]
  const words = parts.filter((part) => part !== undefined).join(' · ')
  return oneLine(words).replaceAll('*/', '* /')
}

const quoted = (name: string) => `'${name}'`
