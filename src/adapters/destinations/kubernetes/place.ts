import { CofferError } from '../../../core/errors.ts'
import type { Objects } from './objects.ts'
import { readSecretObject } from './secret-object.ts'
import type { SecretObject, SecretShape } from './secret-object.ts'

export const secretPath = ({ namespace, name }: SecretShape): string =>
  `/api/v1/namespaces/${namespace}/secrets/${name}`

/**
 * The Secret; `undefined` when its namespace is there and it is not, or nobody may tell.
 * @throws CofferError `not_found` for the namespace, `already_exists` for a Secret that cannot be
 * changed or is of another type
 */
export async function readPlace(
  objects: Objects,
  shape: SecretShape,
  signal: AbortSignal,
): Promise<SecretObject | undefined> {
  const answer = await objects.get(secretPath(shape), signal)
  if (answer === undefined) {
    await checkNamespace(objects, shape, signal)
    return undefined
  }
  const object = readSecretObject(answer)
  const { namespace, name, type } = shape
  if (object.immutable) {
    throw new CofferError('already_exists', `The Secret ${namespace}/${name} is immutable.`, {
      remedy: 'Name another Secret, or delete this one yourself and deliver again.',
    })
  }
  if (type !== undefined && object.type !== type) {
    throw new CofferError(
      'already_exists',
      `The Secret ${namespace}/${name} is of the type ${object.type}, not ${type}.`,
      { remedy: 'A type cannot be changed: name another Secret, or delete this one yourself.' },
    )
  }
  return object
}

/** A missing namespace answers for its Secrets as a missing Secret does. */
async function checkNamespace(
  objects: Objects,
  { namespace }: SecretShape,
  signal: AbortSignal,
): Promise<void> {
  try {
    if ((await objects.get(`/api/v1/namespaces/${namespace}`, signal)) !== undefined) return
  } catch (error) {
    // Who may write a Secret need not be allowed to read its namespace; the write will tell.
    if (error instanceof CofferError && error.code === 'denied') return
    throw error
  }
  throw new CofferError('not_found', `The cluster has no namespace ${namespace}.`, {
    remedy: `Create it with \`kubectl create namespace ${namespace}\`, or correct the option namespace.`,
  })
}
