import type { Coffer } from '../../../core/ports/coffer.ts'
import type { Session } from '../../../core/ports/identities.ts'
import type { Operator, Platform } from '../../../core/ports/platform.ts'
import type { Operation as Kind, Server } from '../../server.ts'
import type { AccessTimes } from './access-times.ts'
import type { Place } from './names/arn.ts'
import type { KnownNames } from './names/known.ts'
import type { Asker } from './resource-policy/refusal.ts'
import type { Rotations } from './rotation/rotations.ts'
import type { StructShape } from './shapes/shape.ts'
import type { Turns } from './turns.ts'

/** One authenticated request, for the operation that answers it. */
export interface Call extends Place {
  /** `GetSecretValue` */
  readonly operation: string
  readonly coffer: Coffer
  readonly platform: Platform
  readonly session: Session
  /** Who asks and by which way in, as the coffer was given it. */
  readonly by: Operator
  /** Milliseconds since 1970 UTC. */
  readonly now: number
  /** The same for resource policies. */
  readonly asker: Asker
  readonly server: Server
  readonly dialect: DialectState
}

/** What the dialect of one running server keeps between requests. */
export interface DialectState {
  readonly accessTimes: AccessTimes
  readonly names: KnownNames
  readonly turns: Turns
  readonly rotations: Rotations
}

export interface Operation {
  readonly kind: Kind
  readonly input: StructShape
  /** The answer's members; undefined for an operation that answers nothing. */
  run(call: Call, input: never): Promise<object | undefined>
}
