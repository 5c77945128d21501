import type { KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import type { AuditAnchor } from '../core/ports/audit-log.ts'
import type { Random } from '../core/ports/ambient.ts'
import type { StateRow, StoreReader } from '../core/ports/store.ts'
import { openAead, sealAead } from '../crypto/aead.ts'
import { associatedData } from '../crypto/framing.ts'
import type { Keyring } from '../crypto/keyring.ts'
import type { KeyHolder } from './keys/holder.ts'
import { lost } from './lost.ts'

/**
 * What the store must agree on as a whole, sealed (not only authenticated: the digest is hidden, so
 * that nobody can search for another set of heads with the same one) and bound to the generation.
 */
export interface StoreState {
  readonly generation: number
  readonly accessGeneration: number
  /** Incremental digest of all heads. */
  readonly digest: Uint8Array
  /** The keyring's revision: an older keyring put back is noticed. */
  readonly keyringRevision: number
  /** A durable point of the audit log: a log that lacks it was cut. */
  readonly anchor: AuditAnchor
}

export function sealState(
  key: KeyObject,
  storeId: string,
  state: StoreState,
  random: Random,
): StateRow {
  const { generation, accessGeneration } = state
  const plain = Buffer.from(
    JSON.stringify([
      Buffer.from(state.digest).toString('base64url'),
      state.keyringRevision,
      state.anchor.seq,
      state.anchor.hash,
    ]),
  )
  const seal = sealAead(key, plain, binding(storeId, generation, accessGeneration), random)
  return { generation, accessGeneration, seal }
}

/** @throws CofferError `corrupt` */
export function openState(key: KeyObject, storeId: string, row: StateRow): StoreState {
  const { generation, accessGeneration } = row
  let plain: Uint8Array
  try {
    plain = openAead(key, row.seal, binding(storeId, generation, accessGeneration))
  } catch (cause) {
    throw new CofferError('corrupt', 'The state of the store was changed outside Coffer.', {
      cause,
    })
  }
  const [digest, keyringRevision, seq, hash] = JSON.parse(Buffer.from(plain).toString()) as [
    string,
    number,
    number,
    string,
  ]
  return {
    generation,
    accessGeneration,
    digest: Buffer.from(digest, 'base64url'),
    keyringRevision,
    anchor: { seq, hash },
  }
}

/** The state as `rows` have it, of a store that was initialised. @throws CofferError `corrupt` */
export async function readState(
  rows: Pick<StoreReader, 'state'>,
  { stateKey, storeId }: Pick<Keyring, 'stateKey' | 'storeId'>,
): Promise<StoreState> {
  const row = await rows.state()
  if (row === undefined) throw lost('state')
  return openState(stateKey, storeId, row)
}

const binding = (storeId: string, generation: number, accessGeneration: number) =>
  associatedData('state', storeId, generation, accessGeneration)

/** Opens and seals states; the newest one is recognised by its bytes and not opened again. */
export interface StateCodec {
  /** @throws CofferError `corrupt` */
  open(row: StateRow): StoreState
  seal(state: StoreState): StateRow
}

export function createStateCodec(keys: KeyHolder, random: Random): StateCodec {
  let newest: { readonly row: StateRow; readonly state: StoreState } | undefined
  return {
    open(row) {
      if (
        newest !== undefined &&
        newest.row.generation === row.generation &&
        newest.row.accessGeneration === row.accessGeneration &&
        Buffer.compare(newest.row.seal, row.seal) === 0
      ) {
        return newest.state
      }
      const { stateKey, storeId } = keys.keyring
      const state = openState(stateKey, storeId, row)
      newest = { row, state }
      return state
    },
    seal(state) {
      const { stateKey, storeId } = keys.keyring
      const row = sealState(stateKey, storeId, state, random)
      newest = { row, state }
      return row
    },
  }
}

/** @throws CofferError `store_rolled_back` when the store is behind what is known to have happened. */
export function refuseRollback(storeGeneration: number, known: number, witness: string): void {
  if (storeGeneration >= known) return
  throw new CofferError(
    'store_rolled_back',
    `The store is at generation ${storeGeneration}, but ${witness} knows generation ${known}: an older copy was put back.`,
    { details: { store: storeGeneration, known, witness } },
  )
}
