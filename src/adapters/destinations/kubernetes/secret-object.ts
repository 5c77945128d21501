import { CofferError } from '../../../core/errors.ts'
import type {
  DeliveryContext,
  DestinationEntry,
  PutChange,
  RemoveChange,
} from '../../../core/ports/destination.ts'

/** Who the fields of an object belong to that were applied from here. */
export const FIELD_MANAGER = 'coffer'

/** A Secret as far as delivery reads it. Kubernetes API v1, `Secret`. */
export interface SecretObject {
  readonly resourceVersion: string
  readonly type: string
  readonly immutable: boolean
  /** Whether it was made by Coffer: its labels are then ours to keep. */
  readonly ours: boolean
  readonly data: ReadonlyMap<string, Buffer>
  /** Who owns which key, as the annotation says. */
  readonly owners: ReadonlyMap<string, string>
  /** Keys that another field manager set, or we by another way than apply. */
  readonly shared: ReadonlySet<string>
}

/** What a Secret is to be like, besides its data. */
export interface SecretShape {
  readonly namespace: string
  readonly name: string
  readonly type: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Names the owner of each key that was delivered, `{"shop/prod":["STRIPE_KEY"]}`. A key that it does
 * not name is nobody's: other tools may keep theirs in the same Secret.
 */
const OWNERS_ANNOTATION = 'coffer.dev/owners'
/** On Secrets that were made by Coffer. */
const MANAGED_BY = ['app.kubernetes.io/managed-by', 'coffer'] as const

/** @throws CofferError `corrupt` for what is no Secret, or an annotation that was spoilt */
export function readSecretObject(answer: unknown): SecretObject {
  const { kind, metadata, data, type, immutable } = fields(answer)
  const { resourceVersion, annotations, labels, managedFields } = fields(metadata)
  if (kind !== 'Secret' || typeof resourceVersion !== 'string') {
    throw new CofferError('corrupt', 'The answer of the cluster is not a Secret.', {
      remedy: 'Check that the kubeconfig names an API server, and no proxy that answers itself.',
    })
  }
  return {
    resourceVersion,
    type: typeof type === 'string' ? type : 'Opaque',
    immutable: immutable === true,
    ours: fields(labels)[MANAGED_BY[0]] === MANAGED_BY[1],
    data: new Map(
      Object.entries(fields(data)).map(([key, text]) => [key, Buffer.from(String(text), 'base64')]),
    ),
    owners: readOwners(fields(annotations)[OWNERS_ANNOTATION]),
    shared: new Set(Array.isArray(managedFields) ? managedFields.flatMap(keysOfOthers) : []),
  }
}

/** What `list` tells. The revision is the keyed fingerprint: other keys of the object do not touch it. */
export function entryOf(
  object: SecretObject | undefined,
  name: string,
  fingerprint: DeliveryContext['fingerprint'],
): DestinationEntry | undefined {
  const value = object?.data.get(name)
  if (value === undefined) return undefined
  const mark = fingerprint(value)
  return {
    name,
    owner: object?.owners.get(name),
    fingerprint: mark,
    revision: mark,
    bytes: value.length,
  }
}

/**
 * Everything that Coffer has an opinion of, for one server-side apply: the keys with an owner, after
 * the changes. It holds for `object` alone, by its resource version; for `undefined`, while there is
 * no such object: real versions are never 1.
 */
export function configurationOf(
  shape: SecretShape,
  object: SecretObject | undefined,
  puts: readonly PutChange[],
  removes: readonly RemoveChange[],
  owner: string,
): Record<string, unknown> {
  const owners = new Map(object?.owners)
  const data = new Map(
    [...(object?.data ?? [])]
      .filter(([key]) => owners.has(key))
      .map(([key, value]) => [key, value.toString('base64')]),
  )
  for (const key of owners.keys()) if (!data.has(key)) owners.delete(key)
  for (const { name } of removes) {
    owners.delete(name)
    data.delete(name)
  }
  for (const { name, secret } of puts) {
    const bytes = secret.revealBytes()
    owners.set(name, owner)
    data.set(name, Buffer.from(bytes).toString('base64'))
    bytes.fill(0)
  }
  checkSize(object, data)
  const labelled = object === undefined || object.ours
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: shape.name,
      namespace: shape.namespace,
      resourceVersion: object?.resourceVersion ?? '1',
      annotations: { [OWNERS_ANNOTATION]: JSON.stringify(byOwner(owners)) },
      ...(labelled ? { labels: { ...shape.labels, [MANAGED_BY[0]]: MANAGED_BY[1] } } : {}),
    },
    // Left out, a type that we once applied would be taken away.
    ...(labelled ? { type: object?.type ?? shape.type ?? 'Opaque' } : {}),
    data: Object.fromEntries(data),
  }
}

/**
 * Of a whole object: what etcd takes in one request by default, 1.5 MiB, less some room. A name is
 * there three times: in the data, in our annotation and among the managed fields.
 */
export const OBJECT_BYTES_MAX = 1_500_000
const NAME_COPIES = 3

function checkSize(object: SecretObject | undefined, data: ReadonlyMap<string, string>): void {
  const sizes = new Map([...(object?.data ?? [])].map(([key, value]) => [key, value.length]))
  for (const key of object?.owners.keys() ?? []) sizes.delete(key)
  for (const [key, text] of data) sizes.set(key, Buffer.byteLength(text, 'base64'))
  const bytes = [...sizes].reduce((sum, [key, size]) => sum + size + NAME_COPIES * key.length, 0)
  if (bytes <= OBJECT_BYTES_MAX) return
  throw new CofferError('too_large', 'The Secret is more than a cluster keeps in one object.', {
    remedy: 'Use shorter names, or deliver some of the secrets into another Secret.',
    details: { bytes, bytesMax: OBJECT_BYTES_MAX },
  })
}

/** `metadata.managedFields`: fields as `{"f:data":{"f:KEY":{}}}`. */
function keysOfOthers(managed: unknown): string[] {
  const { manager, operation, fieldsV1 } = fields(managed)
  if (manager === FIELD_MANAGER && operation === 'Apply') return []
  return Object.keys(fields(fields(fieldsV1)['f:data']))
    .filter((field) => field.startsWith('f:'))
    .map((field) => field.slice(2))
}

function byOwner(owners: ReadonlyMap<string, string>): Record<string, string[]> {
  const lists = Map.groupBy(owners, ([, owner]) => owner)
  return Object.fromEntries(
    [...lists.keys()]
      .toSorted()
      .map((owner) => [owner, (lists.get(owner) ?? []).map(([key]) => key).toSorted()]),
  )
}

function readOwners(annotation: unknown): Map<string, string> {
  if (annotation === undefined) return new Map()
  try {
    const lists: unknown = JSON.parse(annotation as string)
    const owners = Object.entries(fields(lists)).flatMap(([owner, keys]) =>
      (keys as unknown[]).map((key): [string, string] => [String(key), owner]),
    )
    return new Map(owners)
  } catch {
    throw new CofferError(
      'corrupt',
      `The annotation ${OWNERS_ANNOTATION} of the Secret is spoilt.`,
      {
        remedy:
          "Remove the annotation with `kubectl annotate`; then the keys are nobody's, and are adopted with --adopt.",
      },
    )
  }
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
