import type { Clock, Random } from '../core/ports/ambient.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { Store, StoreReader } from '../core/ports/store.ts'
import { createAccessCache, SYSTEM_ACTOR } from './access.ts'
import { checkActor, requireAudited } from './access-admin.ts'
import { backupBody, backupHeader } from './backup/format.ts'
import { createCoffer } from './coffer.ts'
import type { EngineContext } from './context.ts'
import type { OutsideCheck } from './doctor.ts'
import { doctor } from './doctor.ts'
import { createHeadCodec } from './heads.ts'
import type { SealAccess } from './keys/admin.ts'
import { createKeyAdmin } from './keys/admin.ts'
import type { KeyHolder } from './keys/holder.ts'
import { createStateCodec } from './state.ts'
import { startSweeping, sweep } from './sweep.ts'
import { auditFailure } from './transaction.ts'
import { createWatcher } from './watch.ts'
import { createWitness } from './witness.ts'

/** Everything the engine is given; it reaches for nothing else. */
export interface EngineParts {
  readonly store: Store
  readonly log: AuditLog
  readonly keys: KeyHolder
  readonly seals: SealAccess
  readonly clock: Clock
  readonly random: Random
  readonly valueBytesMax: number
  readonly outsideChecks: readonly OutsideCheck[]
  /** Encrypts a backup's text into a file; returns its bytes. */
  readonly writeBackup: (
    file: string,
    keys: { readonly recipients?: readonly string[]; readonly passphrase?: string },
    text: AsyncIterable<string>,
  ) => Promise<number>
}

export function createContext(
  parts: Pick<EngineParts, 'store' | 'log' | 'keys' | 'clock' | 'random' | 'valueBytesMax'>,
): EngineContext {
  const { store, log, keys, clock, random, valueBytesMax } = parts
  const heads = createHeadCodec(keys)
  const access = createAccessCache(store, heads)
  const states = createStateCodec(keys, random)
  const witness = createWitness(log)
  return { store, log, keys, heads, states, witness, access, clock, random, valueBytesMax }
}

export function createEngine(parts: EngineParts): Platform {
  const context = createContext(parts)
  const watcher = createWatcher(context)
  const stops = new Set<() => Promise<void>>()

  return {
    as: (actor, origin = {}) =>
      createCoffer(context, watcher, { actor: checkActor(actor), ...origin }),
    get storeId() {
      return context.keys.keyring.storeId
    },
    keys: createKeyAdmin(context, parts.seals),
    doctor: (options = {}) => doctor(context, parts.outsideChecks, options.progress),
    sweep: (actor = SYSTEM_ACTOR) => sweep(context, { actor, via: 'job' }),
    startSweeping(everyMs) {
      const stop = startSweeping(context, { actor: SYSTEM_ACTOR, via: 'job' }, everyMs)
      stops.add(stop)
      return stop
    },

    async backup(file, { actor, recipients, passphrase, progress }) {
      await requireAudited(context, { actor }, 'backup', 'store:backup', 'backup')
      const write = async (rows: StoreReader) => {
        const header = await backupHeader(rows, context.clock())
        async function* text() {
          yield `${JSON.stringify(header)}\n`
          yield* backupBody(rows, (done) => progress?.(done, header.versions))
        }
        const keys = {
          ...(recipients === undefined ? {} : { recipients }),
          ...(passphrase === undefined ? {} : { passphrase }),
        }
        const bytes = await parts.writeBackup(file, keys, text())
        const { secrets, versions, generation, fingerprint } = header
        return { file, bytes, secrets, versions, generation, fingerprint }
      }
      try {
        return await context.store.read(write)
      } catch (error) {
        const attempt = { action: 'backup', resource: 'store:backup' } as const
        await auditFailure(context, { actor }, attempt, error)
        throw error
      }
    },

    async close() {
      watcher.stop()
      for (const stop of stops) await stop()
      await context.log.close()
      await context.store.close()
      context.keys.erase()
    },
  }
}
