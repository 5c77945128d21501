import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { ProviderRef } from '../../../core/ports/provider.ts'
import type { Mount } from './mounts.ts'

export interface SecretKey {
  /** `mount/path`, or `mount/data/path` where the mount is not given apart. */
  readonly path: string
  /** Whether the mount was given apart: then what follows it is the secret's path as it stands. */
  readonly mount: string | undefined
  readonly version: number | undefined
}

/** @throws CofferError `invalid_reference`, `too_large` */
export function parseKey(ref: ProviderRef, mount: string | undefined): SecretKey {
  if (ref.label !== undefined) throw refuse('Vault keeps no labels.')
  if (ref.key.length > LIMITS.referenceCharsMax) {
    throw new CofferError('too_large', `A key has at most ${LIMITS.referenceCharsMax} characters.`)
  }
  const engine = mount?.replaceAll(/^\/+|\/+$/g, '')
  const below = ref.key.replace(/^\//, '')
  const path = engine === undefined ? below : `${engine}/${below}`
  const segments = path.split('/')
  // eslint-disable-next-line no-control-regex -- refused here, so that no proxy reads them otherwise
  if (segments.some((s) => /^\.{0,2}$/.test(s)) || /[\u0000-\u001f\u007f]/.test(path)) {
    throw refuse('A path has no empty, "." or ".." segments and no control characters.')
  }
  if (segments.length < 2) throw refuse('A path names an engine and a secret of it.')
  return { path, mount: engine === undefined ? undefined : `${engine}/`, version: ref.version }
}

export interface Address {
  readonly path: string
  /** Of the KV engine. */
  readonly version: 1 | 2
}

/**
 * Where the secret is read. Where the caller may not know of the mount, the engine is taken to be at
 * the first segment (or where the option says), of version 2 first.
 * @throws CofferError `invalid_reference`, `not_found` where nothing is mounted
 */
export function addressesOf(key: SecretKey, mount: Mount | undefined): readonly Address[] {
  const guessed = key.mount ?? `${key.path.slice(0, key.path.indexOf('/'))}/`
  const engine = mount?.path ?? guessed
  const rest = key.path.slice(engine.length)
  if (rest === '') throw refuse('It names an engine, and no secret of it.')
  if (mount?.version === 1 && key.version !== undefined) {
    throw refuse(`The engine at ${engine} is KV version 1, which keeps no versions.`)
  }
  const asked =
    key.mount === undefined && rest.startsWith('data/') ? rest.slice('data/'.length) : rest
  const second = { path: `${engine}data/${asked}`, version: 2 as const }
  const first = { path: engine + rest, version: 1 as const }
  if (mount === undefined) return [second, first]
  return [mount.version === 2 ? second : first]
}

const refuse = (why: string) =>
  new CofferError('invalid_reference', why, { remedy: 'Write it as vault:mount/path#field.' })
