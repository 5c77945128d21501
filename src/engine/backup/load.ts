import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Store, StoreWriter } from '../../core/ports/store.ts'
import { KEYRING } from '../keys/holder.ts'
import { openHead } from '../../crypto/head.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import type { SecretRecord } from '../../core/record.ts'
import { readableCurrent } from '../secrets/usable.ts'
import type { BackupHeader, BackupLine } from './format.ts'
import { parseLine, toBytes } from './format.ts'

/** Lines written in one transaction. */
const BATCH = 1_000

/**
 * Fills an empty store from a backup's lines. The state comes last: until then the store counts as
 * one that was never initialised. Returns the secrets that were left out, since their heads are not
 * authentic; without `leaveOut` the first of these is an error.
 * @throws CofferError `backup_invalid`, `corrupt`
 */
export async function loadBackup(
  store: Store,
  keyring: Keyring,
  header: BackupHeader,
  lines: AsyncIterable<string>,
  leaveOut: boolean,
  progress: (versions: number) => void,
): Promise<string[]> {
  const found: Found = { heads: 0, versions: 0, leftOut: leaveOut ? [] : undefined }
  let end: { heads: number; versions: number } | undefined
  let batch: BackupLine[] = []
  const flush = async () => {
    const work = batch
    batch = []
    await store.write(async (rows) => {
      for (const line of work) await putLine(rows, keyring, line, found)
    })
    progress(found.versions)
  }
  for await (const text of lines) {
    if (end !== undefined)
      throw new CofferError('backup_invalid', 'The backup goes on after its end.')
    const line = parseLine(text) as BackupLine
    if ('end' in line) end = line.end
    else if (batch.push(line) >= BATCH) await flush()
  }
  await flush()
  if (end?.heads !== found.heads || end.versions !== found.versions) {
    throw new CofferError(
      'backup_invalid',
      'The backup is not whole: its end is missing or differs.',
    )
  }
  await store.write(async (rows) => {
    await rows.putBlob(KEYRING, toBytes(header.keyring))
    const { generation, accessGeneration } = header
    await rows.putState({ generation, accessGeneration, seal: toBytes(header.state) })
  })
  return found.leftOut ?? []
}

interface Found {
  heads: number
  versions: number
  /** Absent when nothing may be left out. */
  readonly leftOut: string[] | undefined
}

async function putLine(
  rows: StoreWriter,
  keyring: Keyring,
  line: BackupLine,
  found: Found,
): Promise<void> {
  if ('h' in line) {
    const [kind, path, generation, text] = line.h
    const head = toBytes(text)
    found.heads += 1
    if (kind !== 'secret') return rows.putHead({ kind, path, generation, head })
    const record = recordOf(keyring, path, head)
    if (record === undefined) {
      if (found.leftOut === undefined) throw damagedHead(path)
      found.leftOut.push(path)
      return
    }
    const version = { id: record.id, current: readableCurrent(record) }
    await rows.putHead({ kind, path, generation, head }, version)
  } else if ('v' in line) {
    const [id, version, path, term, envelope] = line.v
    await rows.putVersion({ id, version, path, term, envelope: toBytes(envelope) })
    found.versions += 1
  } else {
    throw new CofferError('backup_invalid', 'The backup has a line of an unknown kind.')
  }
}

/** `undefined` when the head is not the authentic one of that path. */
function recordOf(keyring: Keyring, path: string, head: Uint8Array): SecretRecord | undefined {
  try {
    const json = openHead(keyring.headKey, keyring.storeId, 'secret', head)
    const record = JSON.parse(Buffer.from(json).toString()) as SecretRecord
    return record.path === path ? record : undefined
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return undefined
    throw error
  }
}

const damagedHead = (path: string) =>
  new CofferError('corrupt', `The secret ${path} in the backup is damaged.`, {
    remedy: LEAVE_OUT,
    details: { damaged: [`secret ${path}`] },
  })

/** What to do with a backup of which not everything opens. */
export const LEAVE_OUT =
  'Take an older backup, or restore the rest of this one: `coffer restore --without-damaged`.'
