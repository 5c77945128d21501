import { LIMITS } from '../../core/limits.ts'
import { AUTH_MOUNT_SETTINGS } from '../../core/policy/vault/mounts.ts'
import type { JsonObject } from '../../core/value.ts'
import { allows } from '../access.ts'
import type { Transaction } from '../transaction.ts'

/** A way to log in that clients of Vault have at `auth/MOUNT`. */
export type LoginMethod = 'jwt' | 'approle'

/** What every store has by itself, until somebody disables it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  token: 'token',
  approle: 'approle',
  jwt: 'jwt',
}

/**
 * What was made for a login is there for clients of Vault too: the mount of its method is made in the
 * same transaction, if nothing else is at that address, above it or below it. One that was disabled is
 * opened again by who may (`admin` on its setting).
 */
export async function openVaultMount(
  tx: Transaction,
  mount: string,
  method: LoginMethod,
): Promise<void> {
  const name = AUTH_MOUNT_SETTINGS + mount
  const before = await tx.named<JsonObject>('setting', name)
  const disabled = before?.['removed'] === true
  if (disabled) {
    if (!allows(tx.access, { action: 'admin', path: `setting:${name}`, at: tx.now }).allowed) return
    if (DEFAULTS[mount] !== undefined && DEFAULTS[mount] !== method) return
  } else if (before !== undefined || (await isTaken(tx, mount))) {
    return
  }
  const facts = { action: 'setting.write', resource: `setting:${name}` } as const
  const reason = `for clients of Vault: ${method} at ${mount}`
  await tx.putNamed('setting', name, await tx.record({ ...facts, reason }), { backend: method })
}

/** The opposite, when nothing is left to log in to. What somebody tuned or enabled stays. */
export async function closeVaultMount(
  tx: Transaction,
  mount: string,
  method: LoginMethod,
): Promise<void> {
  const name = AUTH_MOUNT_SETTINGS + mount
  const body = await tx.named<JsonObject>('setting', name)
  if (body?.['backend'] !== method || Object.keys(body).length !== 1) return
  const facts = { action: 'setting.delete', resource: `setting:${name}` } as const
  await tx.putNamed('setting', name, await tx.record(facts), undefined)
}

/** Of two mounts of which one lies in the other, one would hide addresses of the other. */
async function isTaken({ rows }: Transaction, mount: string): Promise<boolean> {
  const range = { kind: 'setting', limit: LIMITS.settingsMax } as const
  const all = await rows.heads(range)
  if (all.length === LIMITS.settingsMax) return true
  const others = all
    .filter(({ path }) => path.startsWith(AUTH_MOUNT_SETTINGS))
    .map(({ path }) => path.slice(AUTH_MOUNT_SETTINGS.length))
  return [...others, ...Object.keys(DEFAULTS)].some((other) => overlap(`${other}/`, `${mount}/`))
}

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
