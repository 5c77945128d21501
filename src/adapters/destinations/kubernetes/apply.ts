import { CofferError, isCofferError } from '../../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
} from '../../../core/ports/destination.ts'
import { mayBeMade } from '../../net/rest.ts'
import type { Objects } from './objects.ts'
import { judge } from '../judge.ts'
import { readPlace, secretPath } from './place.ts'
import { configurationOf, entryOf, readSecretObject } from './secret-object.ts'
import type { SecretObject, SecretShape } from './secret-object.ts'

export interface Applied {
  readonly answers: ApplyAnswer[]
  /** Of the object, where this changed it. */
  readonly resourceVersion?: string | undefined
}

/**
 * Judges each change by the Secret as it is, then makes all that hold in one request that holds for
 * exactly that Secret. When somebody writes it in between, it is judged anew.
 */
export async function applyChanges(
  objects: Objects,
  shape: SecretShape,
  context: DeliveryContext,
  changes: readonly DestinationChange[],
): Promise<Applied> {
  const { signal, fingerprint } = context
  for (let attempt = 1; changes.length > 0; attempt++) {
    let sent = false
    const place: Objects = {
      get: objects.get,
      patch(...call) {
        sent = true
        return objects.patch(...call)
      },
    }
    try {
      const object = await readPlace(place, shape, signal)
      const judged = changes.map((change) =>
        judge(change, entryOf(object, change.name, fingerprint)),
      )
      const held = changes.filter((_, i) => judged[i] === undefined)
      const written =
        held.length === 0 ? undefined : await write(place, shape, context, object, held)
      return {
        answers: changes.map((change, i) => judged[i] ?? doneOf(change, fingerprint)),
        resourceVersion:
          written?.resourceVersion === object?.resourceVersion
            ? undefined
            : written?.resourceVersion,
      }
    } catch (error) {
      if (isCofferError(error, 'conflict') && attempt < ATTEMPTS) continue
      const unknown = sent && mayBeMade(error)
      return { answers: changes.map(() => ({ done: false, error, ...(unknown && { unknown }) })) }
    }
  }
  return { answers: [] }
}

const ATTEMPTS = 5

/** @throws CofferError `conflict` when the Secret is not `object` any more */
async function write(
  objects: Objects,
  shape: SecretShape,
  { owner, signal }: DeliveryContext,
  object: SecretObject | undefined,
  changes: readonly DestinationChange[],
): Promise<SecretObject> {
  const path = secretPath(shape)
  const puts = changes.filter((change) => change.kind === 'put')
  const removes = changes.filter((change) => change.kind === 'remove')
  let base = object
  // An apply gives up our hold of a key: where another manager set it too, it would stay.
  const shared = removes.filter(({ name }) => object?.shared.has(name))
  if (object !== undefined && shared.length > 0) {
    const gone = Object.fromEntries(shared.map(({ name }) => [name, null]))
    const body = { metadata: { resourceVersion: object.resourceVersion }, data: gone }
    base = readSecretObject(await objects.patch(path, body, { type: 'merge', signal }))
  }
  const configuration = configurationOf(shape, base, puts, removes, owner)
  const answer = await objects.patch(path, configuration, { type: 'apply', signal })
  const written = readSecretObject(answer)
  if (removes.some(({ name }) => written.data.has(name))) {
    throw new CofferError('conflict', 'Another field manager keeps a key that was to be removed.')
  }
  return written
}

function doneOf(
  change: DestinationChange,
  fingerprint: DeliveryContext['fingerprint'],
): ApplyAnswer {
  if (change.kind === 'remove') return { done: true }
  const bytes = change.secret.revealBytes()
  const revision = fingerprint(bytes)
  bytes.fill(0)
  return { done: true, revision }
}
