import { canonicalPath, canonicalPrefix } from '../../core/path.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import { isLoadingName, variableOf } from '../run/variable.ts'
import { at, refuseFile, type Entry, type ParsedFile } from './entry.ts'

/** One secret that an import will write. */
export interface Planned {
  readonly path: string
  readonly entry: Entry
  readonly type?: TypeSpec | undefined
}

/**
 * Where each entry goes. Two entries with one path, and names that cannot be paths, are errors.
 * @throws CofferError `invalid_argument` with every finding
 */
export function planImport(
  file: string,
  { entries, notes }: ParsedFile,
  prefix: string,
  inferTypes: boolean,
): { readonly planned: readonly Planned[]; readonly notes: readonly string[] } {
  const root = canonicalPrefix(prefix)
  const findings: string[] = []
  const owner = new Map<string, string>()
  const planned: Planned[] = []
  for (const entry of entries) {
    const path = pathOf(root, entry, findings)
    if (path === undefined) continue
    const other = owner.get(path)
    if (other !== undefined)
      findings.push(`${at(entry.line)}${entry.name} and ${other} would both be ${path}`)
    owner.set(path, other ?? entry.name)
    planned.push({ path, entry, type: typeOf(entry, inferTypes) })
  }
  if (findings.length > 0) throw refuseFile(file, findings)
  const dangerous = entries.filter(({ envName }) => envName !== undefined && isLoadingName(envName))
  const isNamed = ({ relative }: Entry) => /^[A-Za-z_]\w*$/.test(variableOf(relative))
  const unnamed = entries.filter(
    ({ line, envName, name }) =>
      line !== undefined && envName === undefined && !name.includes('/') && /[.-]/.test(name),
  )
  const nameless = planned.filter(({ entry }) => entry.envName === undefined && !isNamed(entry))
  return {
    planned,
    notes: [
      ...notes,
      ...dangerous.map(
        ({ envName }) =>
          `\`coffer run\` will need --allow-env ${envName}: it changes how programs are loaded`,
      ),
      ...nameless.map(
        ({ path, entry }) =>
          `${entry.name} cannot be a variable's name: \`coffer run\` will need \`coffer update ${path} --env-name NAME\``,
      ),
      ...unnamed
        .filter(isNamed)
        .map(
          ({ name }) =>
            `${name} cannot be a variable's name; \`coffer run\` will name it by its path`,
        ),
    ],
  }
}

function pathOf(root: string, entry: Entry, findings: string[]): string | undefined {
  try {
    return canonicalPath(root === '' ? entry.relative : `${root}/${entry.relative}`)
  } catch (error) {
    findings.push(`${at(entry.line)}${entry.name}: ${(error as Error).message}`)
    return undefined
  }
}

/** Certain: an http URL, or another scheme with user and host. Everything else is text. */
function typeOf(entry: Entry, infer: boolean): TypeSpec | undefined {
  if (entry.json === true) return { name: 'json' }
  if (!infer || !URL.canParse(entry.value)) return undefined
  const { protocol, username, host } = new URL(entry.value)
  if (protocol === 'http:' || protocol === 'https:') return { name: 'url' }
  return username !== '' && host !== '' ? { name: 'connectionString' } : undefined
}
