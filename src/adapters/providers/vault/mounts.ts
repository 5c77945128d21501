import { CofferError } from '../../../core/errors.ts'
import type { VaultAnswer } from './wire.ts'

/** An engine that is mounted: `secret/`, KV version 1 or 2. */
export interface Mount {
  /** With its slash at the end. */
  readonly path: string
  readonly version: 1 | 2
}

/** The mount of a path; undefined where the caller may not know. @throws CofferError as asked */
export type FindMount = (path: string) => Promise<Mount | undefined>

const MOUNTS_MAX = 256

/**
 * Finds mounts as `vault kv` does, by `sys/internal/ui/mounts/PATH`, and asks for each once: who
 * asks for another path below the same first segment waits for the answer to the first.
 */
export function mountFinder(ask: (path: string) => Promise<Mount | undefined>): FindMount {
  const asked = new Map<string, Promise<Mount | undefined>>()
  const remember = (name: string, path: string) => {
    const asking = ask(path)
    if (asked.size >= MOUNTS_MAX) asked.clear()
    asked.set(name, asking)
    asking.catch(() => asked.delete(name))
    return asking
  }
  return async (path) => {
    const [first = ''] = path.split('/', 1)
    const known = asked.get(first)
    if (known === undefined) return remember(first, path)
    const mount = await known
    if (mount === undefined || path.startsWith(mount.path)) return mount
    // Mounts may lie below one another's first segment: `team/a/`, `team/b/`.
    const deeper = [...asked.keys()].find((name) => name.endsWith('/') && path.startsWith(name))
    if (deeper !== undefined) return asked.get(deeper)
    const found = await ask(path)
    if (found !== undefined) asked.set(found.path, Promise.resolve(found))
    return found
  }
}

/**
 * What `sys/internal/ui/mounts/PATH` says.
 * @throws CofferError `invalid_reference` for an engine that is no KV: reading it would do something
 */
export function mountOf(document: VaultAnswer['document']): Mount | undefined {
  const data = document?.['data'] as Partial<Record<string, unknown>> | null | undefined
  const { path, type, options } = data ?? {}
  if (typeof path !== 'string') return undefined
  if (type !== 'kv' && type !== 'generic') {
    throw new CofferError('invalid_reference', `The engine at ${path} is none of KV.`, {
      remedy: 'Name a secret of a KV engine: reading another one makes credentials.',
    })
  }
  const version = (options as { version?: unknown } | null | undefined)?.version
  return { path: path.endsWith('/') ? path : `${path}/`, version: version === '2' ? 2 : 1 }
}
