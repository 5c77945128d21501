import { CofferError } from '../core/errors.ts'
import type { HeadKind, HeadRow, StoreReader, VersionRow } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import { addToDigest, digestElement, EMPTY_DIGEST } from '../crypto/digest.ts'
import type { KekOf } from '../crypto/envelope.ts'
import { openEnvelope, termOf, valuePart } from '../crypto/envelope.ts'
import { kekOf } from '../crypto/keyring.ts'
import { BREATHE_EVERY, breathe } from './breathe.ts'
import type { EngineContext } from './context.ts'
import type { NamedRecord } from './heads.ts'
import { readableCurrent } from './secrets/usable.ts'
import { readState } from './state.ts'
import type { Progress } from '../core/ports/platform.ts'

export interface IntegrityReport {
  readonly heads: number
  readonly secrets: number
  readonly versions: number
  /** Codes and names of what is wrong, at most `PROBLEMS_MAX`. */
  readonly problems: readonly { readonly name: string; readonly what: string }[]
  /** The heads together are the ones the state speaks of. */
  readonly digestOk: boolean
  /** Of the heads that are there. */
  readonly digest: Uint8Array
}

/** What looking needs of the engine. */
export type Inspected = Pick<EngineContext, 'store' | 'keys' | 'heads'>

const KINDS: readonly HeadKind[] = ['secret', 'policy', 'role', 'actor', 'setting', 'credential']
const CHUNK = 500
const PROBLEMS_MAX = 100

/**
 * Looks at everything in one snapshot: every head authentic, every live version there and openable,
 * none left over, and the digest of all heads the one that the state was sealed with. What a put
 * back, removed or exchanged row cannot hide from.
 */
export function inspect(
  context: Inspected,
  options: { readonly values: boolean; readonly progress?: Progress | undefined },
): Promise<IntegrityReport> {
  return context.store.read((rows) => inspectRows(context, rows, options))
}

/** The same in a snapshot that is being read. */
export async function inspectRows(
  context: Inspected,
  rows: StoreReader,
  { values, progress }: { readonly values: boolean; readonly progress?: Progress | undefined },
): Promise<IntegrityReport> {
  const { keys, heads } = context
  const { keyring } = keys
  const state = await readState(rows, keyring)
  // The snapshot's own keys: another process may have rotated them, before it or since.
  const kek = values ? kekOf(await keys.catchUp(rows, state.keyringRevision)) : undefined
  const total = values ? (await rows.terms()).reduce((sum, t) => sum + t.versions, 0) : 0
  const problems: { name: string; what: string }[] = []
  const report = (name: string, error: unknown) => {
    if (problems.length >= PROBLEMS_MAX) return
    problems.push({ name, what: error instanceof CofferError ? error.code : 'corrupt' })
  }
  let digest: Uint8Array = EMPTY_DIGEST
  let headCount = 0
  let secrets = 0
  let live = 0
  for (const kind of KINDS) {
    for await (const row of allHeads(rows, kind)) {
      headCount += 1
      digest = addToDigest(digest, digestElement(keyring.digestKey, row.head))
      try {
        if (kind !== 'secret') {
          refuseOtherGeneration(row, heads.named<NamedRecord<unknown>>(kind, row.path, row.head))
          continue
        }
        secrets += 1
        const record = heads.passing(row.path, row.head)
        refuseOtherGeneration(row, record)
        if (values) await refuseOtherHint(context, rows, row, record)
        for (const version of record.versions) {
          if (version.state !== 'live') continue
          live += 1
          if (kek !== undefined) {
            await openOne(context, rows, kek, record, version.number)
            if (live % BREATHE_EVERY === 0) await breathe()
          }
          if (values && live % CHUNK === 0) progress?.(live, total)
        }
      } catch (error) {
        report(`${kind} ${row.path}`, error)
      }
    }
  }
  if (values && live !== total && problems.length === 0) {
    report('store', new CofferError('corrupt', 'Versions are left over.'))
  }
  return {
    heads: headCount,
    secrets,
    versions: live,
    problems,
    digest,
    digestOk: Buffer.compare(digest, state.digest) === 0,
  }
}

async function openOne(
  context: Inspected,
  rows: StoreReader,
  kek: KekOf,
  record: SecretRecord,
  version: number,
): Promise<void> {
  const { path } = record
  const row = await openRow(context, rows, kek, record, version)
  if (row.path !== path || row.term !== termOf(row.envelope)) {
    throw new CofferError('corrupt', `The path or term of ${path} v${version} was changed.`)
  }
}

/** The row of a version whose value opens, whatever its columns say. @throws `corrupt`, `sealed` */
export async function openRow(
  context: Inspected,
  rows: StoreReader,
  kek: KekOf,
  { id, path }: SecretRecord,
  version: number,
): Promise<VersionRow> {
  const { storeId } = context.keys.keyring
  const row = await rows.version(id, version)
  if (row === undefined) throw new CofferError('corrupt', `${path} v${version} is gone.`)
  openEnvelope(row.envelope, kek, { storeId, id, version, path }).fill(0)
  return row
}

/** A plain read finds the envelope by columns beside the head; they must lead to the same bytes. */
async function refuseOtherHint(
  { store }: Inspected,
  rows: StoreReader,
  { head, path }: HeadRow,
  record: SecretRecord,
): Promise<void> {
  const found = await store.current(path)
  // Changed since our snapshot began: then this says nothing of it.
  if (found.head === undefined || Buffer.compare(found.head, head) !== 0) return
  const number = readableCurrent(record)
  const row = number === undefined ? undefined : await rows.version(record.id, number)
  const same =
    row === undefined || found.envelope === undefined
      ? row?.envelope === found.envelope
      : Buffer.compare(valuePart(row.envelope), valuePart(found.envelope)) === 0
  if (!same) throw new CofferError('corrupt', `The current version of ${path} was exchanged.`)
}

/** The generation column only speeds up looking; it must say what the authentic head says. */
function refuseOtherGeneration(row: HeadRow, record: { readonly generation: number }): void {
  if (row.generation === record.generation) return
  throw new CofferError('corrupt', `The generation of ${row.path} was changed.`)
}

/** All of a kind, in the order of their paths, in a snapshot that is being read. */
export async function* allHeads(rows: StoreReader, kind: HeadKind): AsyncGenerator<HeadRow> {
  for (let after: string | undefined; ;) {
    const chunk = await rows.heads({
      kind,
      limit: CHUNK,
      ...(after === undefined ? {} : { after }),
    })
    for (const [at, row] of chunk.entries()) {
      yield row
      if (at % BREATHE_EVERY === 0) await breathe()
    }
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < CHUNK) return
  }
}
