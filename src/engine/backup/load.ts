import { CofferError } from '../../core/errors.ts'
import type { HeadKind, Store, StoreWriter } from '../../core/ports/store.ts'
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
 * one that was never initialised.
 * @throws CofferError `backup_invalid`, `corrupt`
 */
export async function loadBackup(
  store: Store,
  keyring: Keyring,
  header: BackupHeader,
  lines: AsyncIterable<string>,
  progress: (versions: number) => void,
): Promise<void> {
  const found = { heads: 0, versions: 0 }
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
}

async function putLine(
  rows: StoreWriter,
  keyring: Keyring,
  line: BackupLine,
  found: { heads: number; versions: number },
): Promise<void> {
  if ('h' in line) {
    const [kind, path, generation, text] = line.h
    const head = toBytes(text)
    const version = kind === 'secret' ? versionOfHead(keyring, kind, head) : undefined
    await rows.putHead({ kind, path, generation, head }, version)
    found.heads += 1
  } else if ('v' in line) {
    const [id, version, path, term, envelope] = line.v
    await rows.putVersion({ id, version, path, term, envelope: toBytes(envelope) })
    found.versions += 1
  } else {
    throw new CofferError('backup_invalid', 'The backup has a line of an unknown kind.')
  }
}

function versionOfHead(keyring: Keyring, kind: HeadKind, head: Uint8Array) {
  const json = openHead(keyring.headKey, keyring.storeId, kind, head)
  const record = JSON.parse(Buffer.from(json).toString()) as SecretRecord
  return { id: record.id, current: readableCurrent(record) }
}
