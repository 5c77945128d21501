import { CofferError, isCofferError } from '../core/errors.ts'
import { checkLabel } from '../core/label.ts'
import { LIMITS } from '../core/limits.ts'
import { canonicalPath, canonicalPrefix } from '../core/path.ts'
import type {
  Coffer,
  ListFilter,
  ListQuery,
  PathAnswer,
  ReadAnswer,
  ReadRef,
  SecretVersion,
  WriteInput,
  WriteReceipt,
} from '../core/ports/coffer.ts'
import type { SecretRecord } from '../core/record.ts'
import { decoderOf, encodeValue } from '../core/value.ts'
import type { Caller, Request } from './caller.ts'
import { listOf, numberOf, objectOf, pageOf, strange } from './document.ts'
import { answerOfWire, pathInUrl, versionOfWire, wireWrite } from './wire/codec.ts'
import type { WireVersion, WireWrite } from './wire/codec.ts'
import { isAbsence } from './wire/error.ts'

type Secrets = Omit<
  Coffer,
  'actor' | 'watch' | 'events' | 'access' | 'audit' | 'identities' | 'settings'
>

/**
 * Reading and changing secrets. What cannot be said in a URL or in JSON is refused here with the
 * error that the engine has for it; everything else is the server's to judge.
 */
export function createSecrets(caller: Caller): Secrets {
  const changed = async (request: Omit<Request, 'repeatable'>): Promise<SecretRecord> =>
    recordOf(await caller.json(request))
  const post = async (room: string, path: string, body: object = {}) =>
    changed({ method: 'POST', path: at(room, path), body })

  return {
    async read(ref) {
      const { path, version, label, deliverTo, elsewhere } = checkRef(ref)
      if (deliverTo !== undefined || elsewhere !== undefined) return readOfMany(caller, ref)
      const request: Request = {
        method: 'GET',
        path: `/secrets/${pathInUrl(path)}`,
        query: { version, label },
        repeatable: true,
        exact: true,
      }
      return absentOr(async () => versionOf(await caller.json(request), path))
    },
    readMany: (refs) => readMany(caller, refs),
    async readBelow({ prefix, cursor }) {
      const query = { prefix: prefixOf(prefix), cursor }
      const request: Request = { method: 'GET', path: '/read-below', query }
      const page = await caller.json({ ...request, repeatable: true, exact: true })
      const items = listOf<{ path: string; answer: WireAnswer }>(page)
      return pageOf<PathAnswer>(
        page,
        items.map(({ path, answer }) => ({ path, answer: answerOf(answer, path) })),
      )
    },

    async write(path, input) {
      const target = at('secrets', path)
      const { body, own } = writeBody(input)
      const receipt = await caller.json({ method: 'PUT', path: target, body, repeatable: true })
      return receiptOf(receipt, own)
    },
    writeMany: (items) => writeMany(caller, items),
    async rotate(path, options = {}) {
      const own = options.token === undefined
      const body = { ...options, token: options.token ?? newToken() }
      const request: Request = { method: 'POST', path: at('rotate', path), body, repeatable: true }
      return receiptOf(await caller.json(request), own)
    },

    describe: async (path) => {
      const target = at('metadata', path)
      return absentOr(async () =>
        recordOf(await caller.json({ method: 'GET', path: target, repeatable: true })),
      )
    },
    async list(query = {}) {
      const request = { method: 'GET', path: '/list', query: listQuery(query) } as const
      const page = await caller.json({ ...request, repeatable: true })
      return pageOf(page, listOf<SecretRecord>(page))
    },

    update: async (path, change, { ifRevision } = {}) =>
      changed({ method: 'PATCH', path: at('metadata', path), body: { ...change, ifRevision } }),
    updateVersion: async (path, version, change) =>
      changed({
        method: 'PATCH',
        path: at('versions', path),
        query: { version: numberOf('version', version) },
        body: change,
      }),
    label: (path, change) => post('labels', path, change),
    rollback: (path, to) => post('rollback', path, { to }),
    delete: async (path, { recoveryDays } = {}) =>
      changed({
        method: 'DELETE',
        path: at('secrets', path),
        query: { recoveryDays: numberOf('recoveryDays', recoveryDays) },
      }),
    undelete: (path) => post('undelete', path),
    destroy: (path, versions) => post('destroy', path, { versions }),
    async purge(path) {
      await caller.json({ method: 'POST', path: at('purge', path), body: {} })
    },
  }
}

const at = (room: string, path: string): string => `/${room}/${pathInUrl(canonicalPath(path))}`

const prefixOf = (prefix: string | undefined) =>
  prefix === undefined ? undefined : canonicalPrefix(prefix)

/** Absent is `undefined` only where the server says that the secret is, not that the address is. */
async function absentOr<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isCofferError(error) && isAbsence(error)) return undefined
    if (isCofferError(error, 'not_found')) throw strange()
    throw error
  }
}

function checkRef({ path: given, version, label, deliverTo, elsewhere }: ReadRef) {
  const path = canonicalPath(given)
  if (label !== undefined) checkLabel(label)
  return { path, version: numberOf('version', version), label, deliverTo, elsewhere }
}

/** An address says nothing of deliveries. */
async function readOfMany(caller: Caller, ref: ReadRef): Promise<SecretVersion | undefined> {
  const [answer] = await readMany(caller, [ref])
  if (answer === undefined) throw strange()
  if ('error' in answer) throw answer.error
  return answer.value
}

type WireAnswer = Parameters<typeof answerOfWire>[0]

/** What is malformed is answered here; the rest is asked for in one request. */
async function readMany(caller: Caller, refs: readonly ReadRef[]): Promise<ReadAnswer[]> {
  if (refs.length > LIMITS.batchMax) {
    throw new CofferError('limit_exceeded', `At most ${LIMITS.batchMax} references at once.`)
  }
  const checked = refs.map((ref) => {
    try {
      return checkRef(ref)
    } catch (error) {
      return { error }
    }
  })
  const asked = checked.filter((ref) => 'path' in ref)
  if (asked.length === 0) return checked as ReadAnswer[]
  const body = { refs: asked }
  const request: Request = { method: 'POST', path: '/read', body, repeatable: true, exact: true }
  const answers = listOf<WireAnswer>(await caller.json(request), 'answers')
  if (answers.length !== asked.length) throw strange()
  const rest = answers.values()
  return checked.map((ref) => ('path' in ref ? answerOf(rest.next().value!, ref.path) : ref))
}

function answerOf(answer: WireAnswer, path: string): ReadAnswer {
  const known = objectOf<WireAnswer>(answer)
  if ('value' in known && known.value !== null) return { value: versionOf(known.value, path) }
  return answerOfWire(known)
}

/** An answer for another path is a mix-up on the way: its value is not handed out. */
function versionOf(document: unknown, path: string): SecretVersion {
  const version = objectOf<WireVersion>(document, 'id', 'version', 'encoding', 'type', 'value')
  if (version.path !== path || !Array.isArray(version.labels)) throw strange()
  return versionOfWire(version)
}

const recordOf = (document: unknown): SecretRecord =>
  objectOf<SecretRecord>(document, 'id', 'path', 'revision', 'versions', 'labels', 'type')

async function writeMany(
  caller: Caller,
  items: readonly { path: string; input: WriteInput }[],
): Promise<WriteReceipt[]> {
  if (items.length > LIMITS.writeManyMax) {
    throw new CofferError('limit_exceeded', `At most ${LIMITS.writeManyMax} writes at once.`)
  }
  if (items.length === 0) return []
  const writes = items.map(({ path, input }) => ({
    path: canonicalPath(path),
    ...writeBody(input),
  }))
  const body = { items: writes.map(({ path, body: input }) => ({ path, input })) }
  const answer = await caller.json({ method: 'POST', path: '/write', body, repeatable: true })
  const receipts = listOf<WriteReceipt>(answer, 'receipts')
  if (receipts.length !== items.length) throw strange()
  return receipts.map((receipt, i) => receiptOf(receipt, writes[i]?.own === true))
}

/** Every write has a token, so that one that is repeated makes one version. */
function writeBody(input: WriteInput): { body: WireWrite; own: boolean } {
  const own = input.token === undefined
  return { body: wireWrite({ ...plain(input), token: input.token ?? newToken() }), own }
}

/** An object as JSON will have it, which the engine would make of it too. */
function plain(input: WriteInput): WriteInput {
  const { value } = input
  if (typeof value !== 'object' || value instanceof Uint8Array) return input
  const { encoding, bytes } = encodeValue(value)
  return { ...input, value: decoderOf(encoding)(bytes) }
}

/** A token of the client's own that matched was written by an attempt whose answer was lost. */
function receiptOf(document: unknown, own: boolean): WriteReceipt {
  const receipt = objectOf<WriteReceipt>(document, 'path', 'id', 'version', 'revision', 'written')
  return own && !receipt.written ? { ...receipt, written: true } : receipt
}

const newToken = (): string => crypto.randomUUID()

const TEXTS = ['tag', 'owner', 'type', 'classification'] as const
const NUMBERS = ['olderThanDays', 'expiresWithinDays'] as const

/** Everything in a URL is text: what is something else than it should be must be found here. */
function listQuery({ prefix, cursor, limit, deleted, folders, where = {} }: ListQuery) {
  const known: readonly string[] = [...TEXTS, ...NUMBERS, 'due']
  const odd = (name: string) =>
    new CofferError('invalid_argument', `A list cannot be filtered so: ${name.slice(0, 40)}`)
  for (const name of Object.keys(where)) if (!known.includes(name)) throw odd(name)
  for (const name of TEXTS) if (!isTextOrAbsent(where[name])) throw odd(name)
  for (const name of NUMBERS) numberOf(name, where[name])
  if (where.due !== undefined && typeof where.due !== 'boolean') throw odd('due')
  const filter: ListFilter = where
  return {
    prefix: prefixOf(prefix),
    cursor,
    limit: numberOf('limit', limit),
    deleted: deleted === true ? true : undefined,
    folders: folders === true ? true : undefined,
    ...filter,
  }
}

const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string'
