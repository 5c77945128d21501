import type { AuditLog } from '../core/ports/audit-log.ts'
import type { Random } from '../core/ports/ambient.ts'
import { isCofferError } from '../core/errors.ts'
import type { Store } from '../core/ports/store.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { openState, sealState } from '../engine/state.ts'

/**
 * Lets a store that remembers nothing of its log remember its newest durable entry, as every change
 * does from then on: a log that was removed or left elsewhere is missed before the first change.
 */
export async function anchorLog(
  store: Store,
  { stateKey, storeId }: Keyring,
  log: AuditLog,
  random: Random,
): Promise<void> {
  const { seq, hash } = await log.refresh()
  if (seq === 0) return
  try {
    await store.write(async (rows) => {
      const row = await rows.state()
      if (row === undefined) return
      const state = openState(stateKey, storeId, row)
      if (state.anchor.seq > 0) return
      await rows.putState(sealState(stateKey, storeId, { ...state, anchor: { seq, hash } }, random))
    })
  } catch (error) {
    // Whoever may only read goes on without.
    if (!isCofferError(error)) throw error
  }
}
