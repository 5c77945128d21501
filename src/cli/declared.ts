import { environmentOf } from '../config/manifest/environment.ts'
import { isOwn, isWhole } from '../config/manifest/own.ts'
import type { DeclaredSecret } from '../config/manifest/manifest.ts'
import { showReference } from '../config/reference.ts'
import { CofferError, isCofferError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { MetadataChange } from '../core/ports/coffer.ts'
import { manifestHere } from './generated.ts'
import type { Session } from './session.ts'

/** A secret of the manifest in one environment, as it is kept in a Coffer. */
export interface Declared {
  /** Canonical. */
  readonly path: string
  /** All that the manifest says of it. */
  readonly metadata: MetadataChange
}

/**
 * The secret that the manifest declares by this name.
 * @throws CofferError `not_found` for a name that it does not declare, or that the environment does
 * not need; `invalid_argument` for one that is kept elsewhere; as `manifestHere`
 */
export async function declaredHere(session: Session, name: string, env: string): Promise<Declared> {
  const manifest = await manifestHere(session)
  const environment = environmentOf(manifest, env)
  const secret = manifest.secrets.find((candidate) => candidate.name === name)
  if (secret === undefined) {
    const names = manifest.secrets.map((candidate) => candidate.name)
    throw new CofferError('not_found', `The manifest declares no secret ${name}.`, {
      remedy: `Declare it in ${manifest.file}, name one of it: ${nearest(name, names) ?? names.slice(0, 5).join(', ')}; or leave --env out and give its whole path.`,
    })
  }
  const ref = secret.references[environment.name]?.ref
  if (ref === undefined) {
    throw new CofferError('not_found', `By the manifest ${env} does not need ${name}.`, {
      remedy: `Add ${env} to its environments first.`,
    })
  }
  if (isOwn(manifest, ref) && isWhole(ref)) return { path: ref.key, metadata: metadataOf(secret) }
  throw new CofferError('invalid_argument', `In ${env} it is kept as ${showReference(ref)}.`, {
    remedy: 'Use the means of that place; `coffer run --env` and `coffer check --env` read it.',
  })
}

/** What to tell who made a secret by its name in the manifest, and not where the manifest has it. */
export async function meantByManifest(session: Session, name: string): Promise<string | undefined> {
  // What is wrong with a project is told to who asks for it.
  const project = await session.project().catch((error: unknown) => {
    if (isCofferError(error)) return undefined
    throw error
  })
  const manifest = project?.manifest
  if (manifest === undefined) return undefined
  const secret = manifest.secrets.find((candidate) => candidate.name === name)
  if (secret === undefined) return undefined
  for (const [env, { ref }] of Object.entries(secret.references)) {
    if (isOwn(manifest, ref) && isWhole(ref) && ref.key !== name) {
      return `${manifest.file} declares ${name}, which is ${ref.key} in ${env}: with --env ${env} it is stored there.`
    }
  }
  return undefined
}

function metadataOf(secret: DeclaredSecret): MetadataChange {
  const { type, description, owner, classification, envName } = secret
  const { rotateEveryDays: everyDays, rotatesItself: automatic } = secret
  return {
    ...(type === undefined ? {} : { type }),
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    ...(classification === undefined ? {} : { classification }),
    ...(envName === undefined ? {} : { envName }),
    rotation: { everyDays, automatic },
  }
}
