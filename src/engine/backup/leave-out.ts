import { isCofferError } from '../../core/errors.ts'
import type { StoreWriter } from '../../core/ports/store.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import { kekOf } from '../../crypto/keyring.ts'
import { termOf } from '../../crypto/envelope.ts'
import { type Inspected, openRow } from '../integrity.ts'
import { readableCurrent } from '../secrets/usable.ts'

/** Rows in one transaction. */
const BATCH = 500

/**
 * Takes out of a store that nobody else has open what a restore would refuse it for: versions that do not
 * open, which stay in the history as destroyed, and versions that no secret speaks of. Everything else
 * stays as it is; policies and the like are never left out, since one of them may deny something.
 * Returns the versions that were left out, as a person names them.
 */
export async function leaveOutDamaged(context: Inspected, now: number): Promise<string[]> {
  const leftOut = await withoutDamagedVersions(context, now)
  await withoutStrays(context)
  return leftOut
}

async function withoutDamagedVersions(context: Inspected, now: number): Promise<string[]> {
  const leftOut: string[] = []
  for (let after: string | undefined; ;) {
    const chunk = await context.store.write(async (rows) => {
      const found = await rows.heads({ kind: 'secret', limit: BATCH, ...(after && { after }) })
      for (const { path, head } of found) {
        const record = context.heads.secret(path, head)
        const damaged = await mendVersions(context, rows, record)
        if (damaged.length === 0) continue
        await putWithout(context, rows, record, damaged, now)
        leftOut.push(...damaged.map((number) => `${path} v${number}`))
      }
      return found
    })
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < BATCH) return leftOut
  }
}

/** Puts the columns of what opens right; returns what does not open. */
async function mendVersions(
  context: Inspected,
  rows: StoreWriter,
  record: SecretRecord,
): Promise<number[]> {
  const kek = kekOf(context.keys.keyring)
  const damaged: number[] = []
  for (const { number, state } of record.versions) {
    if (state !== 'live') continue
    try {
      const row = await openRow(context, rows, kek, record, number)
      const { path } = record
      await rows.putVersion({ ...row, path, term: termOf(row.envelope) })
    } catch (error) {
      if (!isCofferError(error, 'corrupt') && !isCofferError(error, 'sealed')) throw error
      damaged.push(number)
    }
  }
  return damaged
}

async function putWithout(
  { heads }: Inspected,
  rows: StoreWriter,
  record: SecretRecord,
  damaged: readonly number[],
  now: number,
): Promise<void> {
  const { id, path, generation } = record
  for (const number of damaged) await rows.removeVersion(id, number)
  const versions = record.versions.map((version): VersionRecord =>
    damaged.includes(version.number)
      ? { ...version, state: 'destroyed', destroyedAt: now }
      : version,
  )
  const next = { ...record, versions, revision: record.revision + 1, updatedAt: now }
  const head = heads.sealSecret(next)
  const current = readableCurrent(next)
  await rows.putHead({ kind: 'secret', path, generation, head }, { id, current })
}

async function withoutStrays(context: Inspected): Promise<void> {
  for (let after: string | undefined; ;) {
    after = await context.store.write(async (rows) => {
      const page = await rows.versions(after, BATCH)
      for (const { id, version, path } of page.rows) {
        if (!(await isSpokenOf(context, rows, id, version, path))) {
          await rows.removeVersion(id, version)
        }
      }
      return page.end
    })
    if (after === undefined) return
  }
}

async function isSpokenOf(
  { heads }: Inspected,
  rows: StoreWriter,
  id: string,
  version: number,
  path: string,
): Promise<boolean> {
  const row = await rows.head('secret', path)
  if (row === undefined) return false
  const record = heads.secret(path, row.head)
  const its = record.versions.find(({ number }) => number === version)
  return record.id === id && its?.state === 'live'
}
