import { CofferError } from '../../core/errors.ts'
import type { KeyAdmin, KeyStatus } from '../../core/ports/platform.ts'
import type { Seal, SealContext } from '../../core/ports/seal.ts'
import { activeTerm, readKeyringHeader, rootFingerprint, withRoot } from '../../crypto/keyring.ts'
import { operatorOrigin } from '../actors.ts'
import type { EngineContext } from '../context.ts'
import { refuseUnsound } from '../sound-store.ts'
import { readState } from '../state.ts'
import { transact } from '../transaction.ts'
import { KEYS, readKeyring } from './holder.ts'
import { rotate } from './rotate.ts'
import { dueAt, readSchedule } from './schedule.ts'

/** Seals by kind, with what a seal may use; the composition gives it. */
export interface SealAccess {
  /** @throws CofferError `invalid_argument` for another kind, or an option that it does not take */
  find(kind: string, context: SealContext): Promise<Seal>
  context(options?: Readonly<Record<string, string | undefined>>): SealContext
}

export function createKeyAdmin(context: EngineContext, seals: SealAccess): KeyAdmin {
  return {
    status: () => status(context),
    rotate: ({ progress, ...operator }) =>
      rotate(context, operatorOrigin(operator, 'keys'), {
        allowed: (tx) => tx.require('admin', KEYS),
        wanted: () => true,
        progress,
      }),
    async reseal({ seal, sealOptions, ...operator }) {
      const origin = operatorOrigin(operator, 'keys')
      const sealContext = seals.context(sealOptions)
      const chosen = await seals.find(seal, sealContext)
      await transact(context, origin, { action: 'key.reseal', resource: KEYS }, async (tx) =>
        tx.require('admin', KEYS),
      )
      await refuseUnsound(context, origin, 'key.reseal')
      const { rootKey, params, notes = [], shares = [] } = await chosen.establish(sealContext)
      const fingerprint = rootFingerprint(rootKey)
      if (fingerprint === rootFingerprint(context.keys.rootKey)) {
        throw new CofferError(
          'failed_precondition',
          `The keyring is under root key ${fingerprint} already.`,
          {
            remedy:
              'Name another key: --key-file, --passphrase-file or --seal-option variable=NAME.',
          },
        )
      }
      await transact(context, origin, { action: 'key.reseal', resource: KEYS }, async (tx) => {
        tx.require('admin', KEYS)
        await tx.record({ action: 'key.reseal', resource: KEYS, reason: `root ${fingerprint}` })
        const keyring = withRoot(context.keys.keyring, { fingerprint, seal, now: tx.now })
        await tx.putKeyring(keyring, rootKey, { seal, params })
      })
      return { fingerprint, notes, shares }
    },
  }
}

async function status(context: EngineContext): Promise<KeyStatus> {
  const { blob, used, keyring } = await context.store.read(async (rows) => {
    const { keyringRevision } = await readState(rows, context.keys.keyring)
    return {
      keyring: await context.keys.catchUp(rows, keyringRevision),
      blob: await readKeyring(rows),
      used: await rows.terms(),
    }
  })
  const header = readKeyringHeader(blob)
  const active = activeTerm(keyring)
  const { everyDays } = await readSchedule(context)
  const counts = new Map(used.map(({ term, versions }) => [term, versions]))
  return {
    storeId: keyring.storeId,
    seal: { kind: header.seal, params: header.params },
    fingerprint: header.fingerprint,
    activeTerm: active.term,
    rotation: everyDays === undefined ? {} : { everyDays, dueAt: dueAt(active, everyDays) },
    terms: keyring.terms.map(({ kek: _kek, ...term }) => ({
      ...term,
      versions: counts.get(term.term) ?? 0,
    })),
    roots: keyring.roots,
    auditKey: keyring.auditSigner.key,
  }
}
