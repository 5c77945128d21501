import type { JsonObject } from '../value.ts'

/**
 * Named documents of the platform's own: mounts of a dialect, its configuration. Kept like policies,
 * authenticated and audited; never a secret.
 */
export interface Settings {
  /** Free for the server's own use: who asks is not looked at. As fresh as the store. */
  get(name: string): Promise<JsonObject | undefined>
  /** All whose name begins with this, by name. */
  list(prefix: string): Promise<readonly Setting[]>
}

export interface Setting {
  readonly name: string
  readonly body: JsonObject
}

/** Changing them needs `admin` on `setting:NAME`. */
export interface SettingsAdmin extends Settings {
  /** `undefined` removes it. */
  put(name: string, body: JsonObject | undefined): Promise<void>
}

/** How often the key is rotated that wraps the keys of values: `{ everyDays: 365 }`, or null for never. */
export const KEY_ROTATION = 'keys/rotation'
