import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { Settings, SettingsAdmin } from '../core/ports/settings.ts'
import type { HeadRow } from '../core/ports/store.ts'
import type { JsonObject } from '../core/value.ts'
import type { EngineContext, Origin } from './context.ts'
import { transact } from './transaction.ts'
import { refuseOlder } from './witness.ts'

/**
 * The platform's own documents. What was read is kept while none of them changed: a look at the
 * store's counters is one query of one head.
 */
export function createSettings(context: EngineContext): Settings {
  const kept = new Map<string, Kept>()
  const bodyOf = (path: string, head: Uint8Array) =>
    context.heads.named<JsonObject>('setting', path, head).body
  return {
    async get(input) {
      const name = canonicalPath(input)
      const known = context.witness.known()
      const { generation, head } = await context.store.head('setting', name)
      refuseOlder(generation, known)
      return head === undefined ? undefined : bodyOf(name, head)
    },
    async list(prefix) {
      const known = context.witness.known()
      const { generation, accessGeneration } = await context.store.head('setting', prefix)
      refuseOlder(generation, known)
      const before = kept.get(prefix)
      if (before?.accessGeneration === accessGeneration) return before.found
      return context.store.read(async (rows) => {
        const now = await rows.state()
        refuseOlder(now?.generation ?? 0, known)
        const limit = LIMITS.settingsMax
        const heads = await rows.heads({ kind: 'setting', from: prefix, limit })
        const found = heads
          .filter(({ path }) => path.startsWith(prefix))
          .map(({ path, head }) => ({ name: path, body: bodyOf(path, head) }))
        if (kept.size >= KEPT_MAX) kept.clear()
        kept.set(prefix, { accessGeneration: now?.accessGeneration ?? 0, found })
        return found
      })
    },
  }
}

/** An answer of `list`, and what the store's `accessGeneration` was: settings are counted by it too. */
interface Kept {
  readonly accessGeneration: number
  readonly found: Awaited<ReturnType<Settings['list']>>
}

const KEPT_MAX = 16

/** Changes need `admin` on `setting:NAME`. */
export function createSettingsAdmin(context: EngineContext, origin: Origin): SettingsAdmin {
  return {
    ...createSettings(context),
    async put(input, body) {
      const name = canonicalPath(input)
      const resource = `setting:${name}`
      const action = body === undefined ? 'setting.delete' : 'setting.write'
      if (body !== undefined && Buffer.byteLength(JSON.stringify(body)) > LIMITS.settingBytesMax) {
        throw new CofferError('too_large', `A setting has at most ${LIMITS.settingBytesMax} bytes.`)
      }
      await transact(context, origin, { action, resource }, async (tx) => {
        tx.require('admin', resource)
        const before = await tx.named<JsonObject>('setting', name)
        if (before === undefined) await refuseAnother(tx.rows.heads.bind(tx.rows), body)
        await tx.putNamed('setting', name, await tx.record({ action, resource }), body)
      })
    },
  }
}

type Heads = (range: { kind: 'setting'; limit: number }) => Promise<HeadRow[]>

/** @throws CofferError `limit_exceeded`, `not_found` for the removal of what is not there */
async function refuseAnother(heads: Heads, body: JsonObject | undefined): Promise<void> {
  if (body === undefined) throw new CofferError('not_found', 'There is no such setting.')
  const { length } = await heads({ kind: 'setting', limit: LIMITS.settingsMax })
  if (length === LIMITS.settingsMax) {
    throw new CofferError('limit_exceeded', `There are at most ${LIMITS.settingsMax} settings.`)
  }
}
