import type { Finding } from '../../../core/finding.ts'
import { nearest } from '../../../core/nearest.ts'
import type { DeclaredSecret } from '../../manifest/manifest.ts'
import { LOCAL_PROVIDERS, parseReference } from '../../reference.ts'
import { variableName } from '../../env-name.ts'
import type { Facts, ReferenceUsage } from '../facts.ts'
import { positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** The code refers to what the manifest declares, and the other way round. */
export const references: Rule = {
  codes: {
    undeclared_reference: {
      severity: 'error',
      meaning: 'The code refers to a secret that the manifest does not declare.',
      remedy: 'Declare it under `secrets` of coffer.yaml, or correct the reference.',
    },
    unused_secret: {
      severity: 'warning',
      meaning:
        'Nothing uses a declared secret: no reference, no variable, no `usedBy`, no `deliver`. Told only where the code uses others.',
      remedy: 'Take it out of coffer.yaml, or say in `usedBy` who uses it.',
    },
    scan_incomplete: {
      severity: 'warning',
      meaning: 'A file or folder was not looked through.',
      remedy: 'Correct the file, or keep it out of the project; the limits are in docs/check.md.',
    },
  },
  find(facts) {
    const meant = matcher(facts.manifest.secrets)
    return [...undeclared(facts, meant), ...unused(facts, meant), ...skipped(facts)]
  },
}

type Matcher = (usage: ReferenceUsage) => readonly DeclaredSecret[]

function undeclared({ manifest, manifestFile, usages }: Facts, meant: Matcher): Finding[] {
  const names = manifest.secrets.map(({ name }) => name)
  const found = usages
    .filter((usage) => usage.kind === 'reference')
    .filter((usage) => !isLocal(usage) && meant(usage).length === 0)
  return found.map(({ written, file, line, column }) => {
    const near = nearest(parseReference(written).ref.key, names)
    return {
      code: 'undeclared_reference',
      severity: 'error',
      path: written,
      message: `${manifestFile} does not declare ${JSON.stringify(written)}.`,
      remedy: `Declare it under secrets of ${manifestFile}, or ${near === undefined ? 'correct the reference' : `write ${near} if that is meant`}.`,
      file,
      line,
      column,
    }
  })
}

function unused({ manifest, usages }: Facts, meant: Matcher): Finding[] {
  if (usages.length === 0) return []
  const variables = variablesOf(manifest.secrets)
  const used = new Set(
    usages.flatMap((usage) =>
      usage.kind === 'reference' ? meant(usage) : (variables.get(usage.name) ?? []),
    ),
  )
  if (used.size === 0) return []
  return manifest.secrets
    .filter((secret) => !used.has(secret) && secret.usedBy.length + secret.deliver.length === 0)
    .map((secret) => ({
      code: 'unused_secret',
      severity: 'warning',
      path: secret.name,
      message: 'Nothing in the project uses it.',
      remedy: `Take ${secret.name} out of the manifest, or say in usedBy who uses it.`,
      ...positionOf(secret.at),
    }))
}

const skipped = ({ skipped: all }: Facts): Finding[] =>
  all.map(({ file, why }) => ({
    code: 'scan_incomplete',
    severity: 'warning',
    path: file,
    message: why,
    remedy: 'Correct it, or keep it out of the project.',
    file,
  }))

/**
 * The declared secrets that a reference may mean. A relative one lies below a prefix that only the
 * running program knows: any declared name that ends so is taken.
 */
function matcher(secrets: readonly DeclaredSecret[]): Matcher {
  const exact = new Map<string, DeclaredSecret[]>()
  const ending = new Map<string, DeclaredSecret[]>()
  const add = (map: Map<string, DeclaredSecret[]>, key: string, secret: DeclaredSecret) => {
    const known = map.get(key)
    if (known === undefined) map.set(key, [secret])
    else known.push(secret)
  }
  for (const secret of secrets) {
    for (const { ref } of Object.values(secret.references)) {
      add(exact, `${ref.provider}:${ref.key}`, secret)
    }
    const segments = secret.name.split('/')
    segments.forEach((_, i) => add(ending, segments.slice(i).join('/'), secret))
  }
  return ({ written, located }) => {
    if (located !== undefined) return exact.get(located) ?? []
    const { ref, relative } = parseReference(written)
    const key = ref.key.replace(/^\//, '')
    const whole = exact.get(`${ref.provider}:${ref.key}`) ?? exact.get(`${ref.provider}:${key}`)
    return whole ?? (relative ? ending.get(key) : undefined) ?? []
  }
}

/** What a process has by itself is no secret of the manifest's. */
function isLocal({ written, located }: ReferenceUsage): boolean {
  const { ref } = parseReference(located ?? written)
  return LOCAL_PROVIDERS.has(ref.provider)
}

function variablesOf(secrets: readonly DeclaredSecret[]): Map<string, DeclaredSecret[]> {
  const variables = new Map<string, DeclaredSecret[]>()
  for (const secret of secrets) {
    const last = secret.name.split('/').at(-1) ?? ''
    for (const name of new Set([
      secret.envName,
      variableName([secret.name]),
      variableName([last]),
    ])) {
      if (name !== undefined) variables.set(name, [...(variables.get(name) ?? []), secret])
    }
  }
  return variables
}
