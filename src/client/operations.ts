import type { CreatedToken, Grants, TokenRecord } from '../core/ports/identities.ts'
import type {
  BackupOptions,
  BackupReport,
  DoctorReport,
  KeyRotationReport,
  KeyStatus,
  SweepReport,
} from '../core/ports/platform.ts'
import { bytesOf } from './audit.ts'
import type { Caller } from './caller.ts'
import { loginRequest } from './credential.ts'
import type { Login } from './credential.ts'
import { objectOf, strange } from './document.ts'
import { createdToken } from './identities.ts'

/** Who a client is to the server. */
export interface Self {
  readonly actor: string
  readonly grants?: Grants | undefined
  readonly token?: TokenRecord | undefined
}

export interface ServerHealth {
  readonly status: 'ok' | 'sealed' | 'uninitialized'
  readonly version?: string | undefined
}

export interface ServerSealStatus {
  readonly initialized: boolean
  readonly sealed: boolean
  readonly kind: string
  readonly threshold: number
  readonly shares: number
  readonly progress: number
  readonly nonce: string
  readonly storeId?: string | undefined
}

/** What an operator can do at a server, beside what `Coffer` can. Health and seals need no token. */
export interface ServerOperations {
  self(): Promise<Self>
  /** A new token, for whom the role says. @throws `unauthenticated`, `throttled` */
  login(login: Login): Promise<CreatedToken>
  health(): Promise<ServerHealth>
  sealStatus(): Promise<ServerSealStatus>
  unseal(share: string): Promise<ServerSealStatus>
  /** Forgets the shares that were submitted. */
  resetUnseal(): Promise<ServerSealStatus>
  seal(): Promise<void>
  keyStatus(): Promise<KeyStatus>
  rotateKeys(): Promise<KeyRotationReport>
  doctor(): Promise<DoctorReport>
  sweep(): Promise<SweepReport>
  /** An age file, encrypted by the server. */
  backup(to: BackupTarget): Promise<ServerBackup>
}

export type BackupTarget = (
  { readonly recipients: readonly string[] } | { readonly passphrase: string }
) &
  Pick<BackupOptions, 'withDamaged'>

export interface ServerBackup {
  readonly report: Omit<BackupReport, 'file'>
  /** @throws CofferError `unavailable` when it breaks off before `report.bytes` */
  readonly content: AsyncIterable<Uint8Array>
}

/** `met` is told who the client is, whenever the server says so. */
export function createOperations(caller: Caller, met: (actor: string) => void): ServerOperations {
  const get = async <T>(path: string, ...members: (keyof T)[]) =>
    objectOf<T>(await caller.json({ method: 'GET', path, repeatable: true }), ...members)
  const work = async <T>(path: string, ...members: (keyof T)[]) =>
    objectOf<T>(await caller.json({ method: 'POST', path, body: {}, long: true }), ...members)
  const unsealed = async (body: object) => {
    const request = { method: 'POST', path: '/unseal', body, anonymous: true } as const
    return objectOf<ServerSealStatus>(await caller.json({ ...request, repeatable: true }), 'sealed')
  }

  return {
    async login(login) {
      const request = { method: 'POST', ...(await loginRequest(login)), anonymous: true } as const
      const created = createdToken(await caller.json({ ...request, repeatable: true }))
      met(created.record.actor)
      return created
    },
    async self() {
      const self = await get<Self>('/self', 'actor')
      met(self.actor)
      return self
    },
    async health() {
      const request = { method: 'GET', path: '/health', anonymous: true } as const
      return objectOf<ServerHealth>(await caller.json({ ...request, repeatable: true }), 'status')
    },
    async sealStatus() {
      const request = { method: 'GET', path: '/seal-status', anonymous: true } as const
      const status = await caller.json({ ...request, repeatable: true })
      return objectOf<ServerSealStatus>(status, 'sealed')
    },
    unseal: (share) => unsealed({ share }),
    resetUnseal: () => unsealed({ reset: true }),
    async seal() {
      await caller.json({ method: 'POST', path: '/seal', body: {} })
    },
    keyStatus: () => get<KeyStatus>('/keys', 'storeId', 'terms', 'roots'),
    rotateKeys: () => work<KeyRotationReport>('/keys/rotate', 'term', 'rewrapped', 'retired'),
    doctor: () => work<DoctorReport>('/doctor', 'ok', 'checks'),
    sweep: () => work<SweepReport>('/sweep', 'purged', 'rotated', 'due', 'failed', 'digestOk'),
    async backup(to) {
      const request = { method: 'POST', path: '/backup', body: to, long: true } as const
      const message = await caller.open(request, AGE_TYPE)
      const report = reportOf(message.headers['coffer-backup'])
      return { report, content: bytesOf(message, report.bytes) }
    },
  }
}

const AGE_TYPE = 'application/octet-stream'

/** What the server says of the file that follows. @throws CofferError `unavailable` */
function reportOf(header: string | string[] | undefined): ServerBackup['report'] {
  try {
    const report: unknown = JSON.parse(String(header))
    return objectOf(report, 'bytes', 'secrets', 'versions', 'generation', 'fingerprint', 'damaged')
  } catch {
    throw strange()
  }
}
