/** Field managers of a test cluster: who set which field, by server-side apply or by another way. */
export interface Stored {
  readonly object: Record<string, unknown>
  readonly version: number
  readonly managers: readonly Manager[]
}

interface Manager {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly fields: readonly Field[]
}
/** `['data', 'KEY']`, `['metadata', 'labels', 'a']`: every leaf of an object. */
type Field = readonly string[]
type Fields = Record<string, unknown>

export const newObject = (): Stored => ({ object: {}, version: 0, managers: [] })

/** Server-side apply: what the manager applied before and does not now is removed unless shared. */
export function applied(
  stored: Stored,
  body: Fields,
  manager: string,
  force: boolean,
): Stored | 'conflict' {
  const wanted = leavesOf(body)
  const changed = wanted.filter(([field, value]) => valueAt(stored.object, field) !== value)
  const isMine = (one: Manager) => one.manager === manager && one.operation === 'Apply'
  const taken = stored.managers
    .filter((one) => !isMine(one))
    .flatMap(({ fields }) => fields)
    .filter((field) => changed.some(([one]) => same(one, field)))
  if (taken.length > 0 && !force) return 'conflict'
  const others = stored.managers.filter((one) => !isMine(one)).map((one) => without(one, taken))
  const before = stored.managers.find(isMine)?.fields ?? []
  const given = before
    .filter((field) => !wanted.some(([one]) => same(one, field)))
    .filter((field) => !others.some(({ fields }) => fields.some((one) => same(one, field))))
  let object = structuredClone(stored.object)
  for (const field of given) object = withValue(object, field, undefined)
  for (const [field, value] of wanted) object = withValue(object, field, value)
  const mine: Manager = { manager, operation: 'Apply', fields: wanted.map(([field]) => field) }
  return { object, version: stored.version, managers: [...others, mine].filter(isUsed) }
}

/** RFC 7386; whoever changes a field becomes its only manager. */
export function merged(stored: Stored, body: Fields, manager: string): Stored {
  let object = structuredClone(stored.object)
  const set = leavesOf(body).filter(([field, value]) => valueAt(object, field) !== value)
  for (const [field, value] of set) object = withValue(object, field, value ?? undefined)
  const fields = set.map(([field]) => field)
  const others = stored.managers.map((one) => without(one, fields))
  const kept = set.filter(([, value]) => value !== null).map(([field]) => field)
  return {
    object,
    version: stored.version,
    managers: [...others, { manager, operation: 'Update' as const, fields: kept }].filter(isUsed),
  }
}

const IDENTITY = new Set(['apiVersion', 'kind', 'metadata/name', 'metadata/namespace'])

function leavesOf(value: unknown, at: Field = []): [Field, unknown][] {
  const isTree = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isTree) return at.join('/') === 'metadata/resourceVersion' ? [] : [[at, value]]
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, [...at, name]))
}

const valueAt = (object: unknown, field: Field): unknown =>
  field.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Fields)[name]
        : undefined,
    object,
  )

function withValue(object: Fields, [name = '', ...rest]: Field, value: unknown): Fields {
  const members = new Map(Object.entries(object))
  const next =
    rest.length === 0 ? value : withValue((members.get(name) ?? {}) as Fields, rest, value)
  if (next === undefined) members.delete(name)
  else members.set(name, next)
  return Object.fromEntries(members)
}

const same = (a: Field, b: Field) => a.length === b.length && a.every((name, i) => name === b[i])
const isUsed = ({ fields }: Manager) => fields.some((field) => !IDENTITY.has(field.join('/')))
const without = (one: Manager, gone: readonly Field[]): Manager => ({
  ...one,
  fields: one.fields.filter((field) => !gone.some((other) => same(other, field))),
})
