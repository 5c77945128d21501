import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { LIMITS } from '../../../core/limits.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { Project } from '../../project.ts'
import { COFFER, parseReference } from '../../reference.ts'
import type { Skipped, Usage } from '../facts.ts'
import { usagesIn } from './usages-in.ts'
import { walk } from './walk.ts'

const CODE = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/
const DOCUMENT = /\.(?:ya?ml|json)$/
/** What tests refer to need not exist. */
const TEST = /(?:^|\/)(?:__tests__|__mocks__|tests?|fixtures)\/|\.(?:test|spec|d)\.[cm]?[jt]sx?$/

/**
 * Where the project's own files use secrets: `secretRef('…')` in code, `secretRef: …` in documents,
 * variables that are read; and what the project's configuration refers to, which is run for it.
 */
export async function collectUsages(
  manifest: Manifest,
  project: Pick<Project, 'configFile' | 'references'> | undefined,
  bytesMax: number = LIMITS.checkBytesMax,
): Promise<{ usages: Usage[]; skipped: Skipped[] }> {
  const wanted = (name: string) => CODE.test(name) || DOCUMENT.test(name)
  const { files, skipped: passed } = walk(manifest.dir, wanted)
  const skipped = [...passed]
  const usages: Usage[] = []
  const own = [manifest.file, project?.configFile].map((file) =>
    file === undefined ? undefined : relative(manifest.dir, file),
  )
  let left = bytesMax
  for (const file of files) {
    if (TEST.test(file) || own.includes(file)) continue
    const bytes = readBounded(path.join(manifest.dir, file), Math.min(left, FILE_MAX))
    if (bytes === undefined) {
      if (left >= FILE_MAX) continue
      const why = `Only the first ${bytesMax} bytes of a project are looked through.`
      skipped.push({ file, why })
      break
    }
    left -= bytes.length
    usages.push(...usagesIn(bytes, file, CODE.test(file) ? 'code' : 'document'))
  }
  return { usages: [...usages, ...(await ofConfiguration(manifest, project))], skipped }
}

/** A reference is written below a prefix, or whole with a leading slash. */
const isPlaceOf = (key: string, written: string): boolean =>
  key === written || `/${key}`.endsWith(`/${written.replace(/^\//, '')}`)

const FILE_MAX = LIMITS.checkFileBytesMax
const relative = (dir: string, file: string) => path.relative(dir, file).replaceAll(path.sep, '/')

/** Nobody writes files of more than 1 MiB: what is longer was made. */
function readBounded(file: string, bytesMax: number): Buffer | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    // Gone since it was listed, or not for us: it refers to nothing that we know of.
    return Buffer.alloc(0)
  }
  try {
    return fstatSync(descriptor).size > bytesMax ? undefined : readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Its references as they are in the first environment; where they stand, by their text. */
async function ofConfiguration(
  manifest: Manifest,
  project: Pick<Project, 'configFile' | 'references'> | undefined,
): Promise<Usage[]> {
  if (project?.configFile === undefined) return []
  const file = relative(manifest.dir, project.configFile)
  const bytes = readBounded(project.configFile, FILE_MAX) ?? Buffer.alloc(0)
  const written = usagesIn(bytes, file, 'code')
    .filter((usage) => usage.kind === 'reference')
    .map((usage) => ({ ...usage, parsed: parseReference(usage.written) }))
  const found: Usage[] = []
  const known = new Set<string>()
  const resolved = new Set<string>()
  const declared = new Set(manifest.secrets.map((secret) => `secrets.${secret.name}`))
  for (const { name } of manifest.environments) {
    for (const { field, provider, key } of await project.references(name)) {
      const located = `${provider}:${key}`
      if (known.has(located) || declared.has(field)) continue
      known.add(located)
      const place = written.find(({ parsed: { ref } }) => isPlaceOf(key, ref.key))
      if (place !== undefined) resolved.add(place.written)
      const shown = provider === COFFER ? key : located
      const { line, column } = place ?? { line: 1, column: 1 }
      found.push({ kind: 'reference', file, line, column, written: shown, located })
    }
  }
  // What leads nowhere is told where it is written.
  const lost = written.filter(
    ({ parsed, ...usage }) => parsed.relative && !resolved.has(usage.written),
  )
  return [
    ...found,
    ...lost,
    ...usagesIn(bytes, file, 'code').filter((usage) => usage.kind === 'variable'),
  ]
}
