import { isCofferError } from '../core/errors.ts'
import { canonicalPath } from '../core/path.ts'
import type { SettingsAdmin } from '../core/ports/settings.ts'
import type { JsonObject } from '../core/value.ts'
import type { Caller } from './caller.ts'
import { listOf, objectOf } from './document.ts'
import { pathInUrl } from './wire/codec.ts'
import { isAbsence } from './wire/error.ts'

/** The platform's own documents. */
export function createSettingsAdmin(caller: Caller): SettingsAdmin {
  const at = (name: string) => `/settings/${pathInUrl(canonicalPath(name))}`
  return {
    async get(name) {
      const path = at(name)
      try {
        return objectOf<JsonObject>(await caller.json({ method: 'GET', path, repeatable: true }))
      } catch (error) {
        if (isCofferError(error) && isAbsence(error)) return undefined
        throw error
      }
    },
    async list(prefix) {
      const request = { method: 'GET', path: '/settings', query: { prefix } } as const
      return listOf(await caller.json({ ...request, repeatable: true }))
    },
    async put(name, body) {
      const path = at(name)
      if (body === undefined) await caller.json({ method: 'DELETE', path })
      else await caller.json({ method: 'PUT', path, body, repeatable: true })
    },
  }
}
