import type { Clock, Random } from '../core/ports/ambient.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { Grants } from '../core/ports/identities.ts'
import type { OriginInput } from '../core/ports/platform.ts'
import type { Store } from '../core/ports/store.ts'
import type { VersionRecord } from '../core/record.ts'
import type { Binding } from '../crypto/envelope.ts'
import type { AccessCache } from './access.ts'
import type { HeadCodec } from './heads.ts'
import type { Find } from './identities/rows.ts'
import type { KeyHolder } from './keys/holder.ts'
import type { StateCodec } from './state.ts'
import type { Witness } from './witness.ts'

/** What every part of the engine works with. Made once by `createEngine`. */
export interface EngineContext {
  readonly store: Store
  readonly log: AuditLog
  readonly keys: KeyHolder
  readonly heads: HeadCodec
  readonly states: StateCodec
  readonly witness: Witness
  readonly access: AccessCache
  readonly credentials: Find
  /** What envelopes are bound to, by the version that was read. */
  readonly bindings: WeakMap<VersionRecord, Binding>
  readonly clock: Clock
  readonly random: Random
  readonly valueBytesMax: number
  /** Whether the store's own structures agree: what one way leads to, every way does. @throws `corrupt` */
  readonly checkStore: () => Promise<void>
}

/** Whose rights are asked for. */
export interface Subject {
  readonly actor: string
  /** Of the credential; absent: what the actor's own record says. */
  readonly grants?: Grants | undefined
}

/** Who does it and by which way in: goes into every audit event. */
export interface Origin extends Subject, OriginInput {}
