import { CofferError } from '../../core/errors.ts'
import type { HeadKind, StoreReader } from '../../core/ports/store.ts'
import { readKeyringHeader } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import { readKeyring } from '../keys/holder.ts'
import { lost } from '../lost.ts'

/**
 * A backup inside its encryption is JSON lines (docs/formats/backup.md): one header, the rows of one
 * snapshot, one end line with their counts. Values and the keyring stay sealed as they are in the
 * store, so opening a backup takes two keys: the backup's own and the root key.
 */
export interface BackupHeader {
  readonly format: 'coffer-backup'
  readonly version: 1
  readonly storeId: string
  readonly createdAt: number
  readonly generation: number
  readonly accessGeneration: number
  readonly secrets: number
  readonly versions: number
  /** Of the root key that a restore needs. */
  readonly fingerprint: string
  readonly sealKind: string
  /** base64 */
  readonly keyring: string
  /** base64 */
  readonly state: string
}

/** `h`: kind, path, generation, head. `v`: id, version, path, term, envelope. `end`: counts. */
export type BackupLine =
  | { readonly h: readonly [HeadKind, string, number, string] }
  | { readonly v: readonly [string, number, string, number, string] }
  | { readonly end: { readonly heads: number; readonly versions: number } }

const KINDS: readonly HeadKind[] = ['secret', 'policy', 'role', 'actor', 'setting', 'credential']
const CHUNK = 500

export async function backupHeader(rows: StoreReader, createdAt: number): Promise<BackupHeader> {
  const [keyring, state, terms] = [await readKeyring(rows), await rows.state(), await rows.terms()]
  if (state === undefined) throw lost('state')
  let secrets = 0
  for await (const chunk of headChunks(rows, 'secret')) secrets += chunk.length
  const { storeId, fingerprint, seal } = readKeyringHeader(keyring)
  return {
    format: 'coffer-backup',
    version: 1,
    storeId,
    createdAt,
    generation: state.generation,
    accessGeneration: state.accessGeneration,
    secrets,
    versions: terms.reduce((sum, term) => sum + term.versions, 0),
    fingerprint,
    sealKind: seal,
    keyring: toText(keyring),
    state: toText(state.seal),
  }
}

/** Every line after the header, in chunks of text. */
export async function* backupBody(
  rows: StoreReader,
  progress: (rows: number) => void,
): AsyncGenerator<string> {
  let heads = 0
  let versions = 0
  const text = (lines: BackupLine[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  for (const kind of KINDS) {
    for await (const chunk of headChunks(rows, kind)) {
      heads += chunk.length
      yield text(chunk.map((h) => ({ h: [h.kind, h.path, h.generation, toText(h.head)] })))
    }
  }
  for (let after: string | undefined; ;) {
    const page = await rows.versions(after, CHUNK)
    versions += page.rows.length
    progress(versions)
    yield text(page.rows.map((v) => ({ v: [v.id, v.version, v.path, v.term, toText(v.envelope)] })))
    after = page.end
    if (after === undefined) break
  }
  yield text([{ end: { heads, versions } }])
}

/** @throws CofferError `backup_invalid`, `store_newer` */
export function parseHeader(line: string): BackupHeader {
  const header = parseLine(line) as Partial<BackupHeader>
  if (header.format !== 'coffer-backup' || typeof header.keyring !== 'string') {
    throw new CofferError('backup_invalid', 'The file is not a Coffer backup.')
  }
  if (header.version !== 1) {
    throw new CofferError('store_newer', 'The backup was made by a newer Coffer.')
  }
  return header as BackupHeader
}

export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new CofferError('backup_invalid', 'The backup has a line that is not whole.')
  }
}

const toText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

async function* headChunks(rows: StoreReader, kind: HeadKind) {
  for (let after: string | undefined; ;) {
    const chunk = await rows.heads({
      kind,
      limit: CHUNK,
      ...(after === undefined ? {} : { after }),
    })
    yield chunk
    await breathe()
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < CHUNK) return
  }
}
