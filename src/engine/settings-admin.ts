import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import { KEY_ROTATION } from '../core/ports/settings.ts'
import type { SettingsAdmin } from '../core/ports/settings.ts'
import type { HeadRow } from '../core/ports/store.ts'
import type { JsonObject } from '../core/value.ts'
import type { EngineContext, Origin } from './context.ts'
import { scheduleOf } from './keys/schedule.ts'
import { createSettings } from './settings.ts'
import { transact } from './transaction.ts'

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
        if (body !== undefined) CHECKS.get(name)?.(body)
        const before = await tx.named<JsonObject>('setting', name)
        if (before === undefined) await refuseAnother(tx.rows.heads.bind(tx.rows), body)
        await tx.putNamed('setting', name, await tx.record({ action, resource }), body)
      })
    },
  }
}

/** Of the settings that the engine goes by itself. They throw what is wrong. */
const CHECKS: ReadonlyMap<string, (body: JsonObject) => unknown> = new Map([
  [KEY_ROTATION, scheduleOf],
])

type Heads = (range: { kind: 'setting'; limit: number }) => Promise<HeadRow[]>

/** @throws CofferError `limit_exceeded`, `not_found` for the removal of what is not there */
async function refuseAnother(heads: Heads, body: JsonObject | undefined): Promise<void> {
  if (body === undefined) throw new CofferError('not_found', 'There is no such setting.')
  const { length } = await heads({ kind: 'setting', limit: LIMITS.settingsMax })
  if (length === LIMITS.settingsMax) {
    throw new CofferError('limit_exceeded', `There are at most ${LIMITS.settingsMax} settings.`)
  }
}
