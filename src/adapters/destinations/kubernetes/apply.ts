import { setTimeout as after } from 'node:timers/promises'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
} from '../../../core/ports/destination.ts'
import { mayBeMade } from '../../net/repeated.ts'
import type { Objects } from './objects.ts'
import { judge } from '../judge.ts'
import { readPlace, secretPath } from './place.ts'
import { configurationOf, entryOf, readSecretObject } from './secret-object.ts'
import type { SecretShape } from './secret-object.ts'

/**
 * Judges each change by the Secret as it is, then makes all that hold in one request that holds for
 * exactly that Secret. When somebody writes it in between, it is judged anew.
 */
export async function applyChanges(
  objects: Objects,
  shape: SecretShape,
  context: DeliveryContext,
  changes: readonly DestinationChange[],
): Promise<ApplyAnswer[]> {
  for (let attempt = 1; changes.length > 0; attempt++) {
    const progress: Progress = { sent: false, released: new Set(), judged: [] }
    try {
      return await attemptOnce(objects, shape, context, changes, progress)
    } catch (error) {
      if (isCofferError(error, 'conflict') && attempt < ATTEMPTS) {
        // Not all who lost at once try again at once. Given up meanwhile, the next look tells.
        await after(Math.random() * WAIT_MS * attempt, undefined, { signal: context.signal }).catch(
          () => {},
        )
        continue
      }
      const unknown = progress.sent && mayBeMade(error)
      const failed: ApplyAnswer = { done: false, error, ...(unknown ? { unknown } : {}) }
      const answerFor = ({ kind, name }: DestinationChange): ApplyAnswer =>
        kind === 'remove' && progress.released.has(name) ? { done: true } : failed
      return changes.map((change, i) => progress.judged[i] ?? answerFor(change))
    }
  }
  return []
}

const ATTEMPTS = 8
const WAIT_MS = 20

/** How far an attempt came, for what is told when it fails. */
interface Progress {
  /** Whether the last request changes something. */
  sent: boolean
  /** Keys that are gone already. */
  released: ReadonlySet<string>
  judged: readonly (ApplyAnswer | undefined)[]
}

async function attemptOnce(
  objects: Objects,
  shape: SecretShape,
  { owner, signal, fingerprint }: DeliveryContext,
  changes: readonly DestinationChange[],
  progress: Progress,
): Promise<ApplyAnswer[]> {
  const object = await readPlace(objects, shape, signal)
  const judged = changes.map((change) => judge(change, entryOf(object, change.name, fingerprint)))
  progress.judged = judged
  const held = changes.filter((_, i) => judged[i] === undefined)
  if (held.length === 0) return judged.filter((answer) => answer !== undefined)
  const puts = held.filter((change) => change.kind === 'put')
  const removes = held.filter((change) => change.kind === 'remove')
  const path = secretPath(shape)
  const patch = async (body: unknown, type: 'apply' | 'merge') => {
    progress.sent = true
    const written = readSecretObject(await objects.patch(path, body, { type, signal }))
    progress.sent = false
    return written
  }

  let base = object
  // An apply gives up our hold of a key: where another manager set it too, it would stay.
  const shared = removes.filter(({ name }) => object?.shared.has(name)).map(({ name }) => name)
  if (object !== undefined && shared.length > 0) {
    const data = Object.fromEntries(shared.map((name) => [name, null]))
    const { resourceVersion } = object
    base = await patch({ metadata: { resourceVersion }, data }, 'merge')
    progress.released = new Set(shared)
  }
  const written = await patch(configurationOf(shape, base, puts, removes, owner), 'apply')
  const answerFor = (change: DestinationChange): ApplyAnswer =>
    change.kind === 'remove' && written.data.has(change.name)
      ? { done: false, error: keptByAnother(change.name) }
      : doneOf(change, fingerprint)
  return changes.map((change, i) => judged[i] ?? answerFor(change))
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

const keptByAnother = (name: string) =>
  new CofferError('conflict', `Another field manager keeps the key ${name}.`)
