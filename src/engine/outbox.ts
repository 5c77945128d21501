import { createHmac, timingSafeEqual } from 'node:crypto'
import { CofferError, isCofferError } from '../core/errors.ts'
import type { AuditEvent } from '../core/event.ts'
import type { OutboxSource } from '../core/ports/audit-log.ts'
import type { Store, StoreWriter } from '../core/ports/store.ts'
import { associatedData } from '../crypto/framing.ts'
import type { Keyring } from '../crypto/keyring.ts'

type Keys = Pick<Keyring, 'headKey' | 'storeId'>

/**
 * An event on its way from the store to the log rests in the outbox as HMAC-SHA256, base64url, and
 * its JSON: a store that could change it there would write whatever it likes into a signed log.
 * @throws CofferError `corrupt` when the outbox has an event of that generation already
 */
export async function putEvent(
  rows: StoreWriter,
  keys: Keys,
  generation: number,
  event: AuditEvent,
): Promise<void> {
  const json = JSON.stringify(event)
  try {
    const mac = macOf(keys, generation, json).toString('base64url')
    await rows.appendOutbox({ generation, event: mac + json })
  } catch (error) {
    if (!isCofferError(error, 'internal')) throw error
    throw new CofferError('corrupt', 'The outbox holds an event of a change that never was.', {
      cause: error,
      details: { generation },
    })
  }
}

/** The outbox for the log, each event proven. @throws CofferError `corrupt` */
export const outboxOf = (store: Store, keys: Keys): OutboxSource => ({
  after: async (after, limit) => {
    const found = await store.read((rows) => rows.outbox(after, limit))
    return found.map(({ generation, event }) => {
      const json = event.slice(MAC_CHARS)
      const mac = Buffer.from(event.slice(0, MAC_CHARS), 'base64url')
      const expected = macOf(keys, generation, json)
      if (mac.length === expected.length && timingSafeEqual(mac, expected)) {
        return { generation, event: json }
      }
      throw new CofferError('corrupt', `The event ${generation} in the outbox was changed.`, {
        details: { generation },
      })
    })
  },
})

const MAC_CHARS = 43

const macOf = ({ headKey, storeId }: Keys, generation: number, json: string): Buffer =>
  createHmac('sha256', headKey)
    .update(associatedData('coffer/v1/outbox', storeId, generation, json.toWellFormed()))
    .digest()
