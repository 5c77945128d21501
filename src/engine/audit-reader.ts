import type { AuditReader } from '../core/ports/coffer.ts'
import { allows } from './access.ts'
import { requireAudited } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import { openState } from './state.ts'

const LOG = 'audit:log'
/** How long who may not look any more is still shown the log, at most. */
const RECHECK_MS = 1_000

/** The log for one actor: needs `audit` on `audit:log`, and looking is itself audited. */
export function createAuditReader(context: EngineContext, origin: Origin): AuditReader {
  const { log } = context
  const allowed = () => requireAudited(context, origin, 'audit', LOG, 'audit.read')

  return {
    async query(filter) {
      await allowed()
      return log.query(filter)
    },
    async verify(options = {}) {
      await allowed()
      return log.verify({ ...options, anchor: await storeAnchor(context) })
    },
    async head() {
      await allowed()
      return log.head()
    },
    follow(each, failed, began = () => {}) {
      let stopped = false
      let stop = () => {}
      let timer: NodeJS.Timeout | undefined
      const end = () => {
        stopped = true
        clearInterval(timer)
        stop()
      }
      const recheck = async () => {
        const access = await context.access.load(origin)
        const question = { action: 'audit', path: LOG, at: context.clock() } as const
        if (!stopped && !allows(access, question).allowed) await allowed()
      }
      const refused = (error: unknown) => {
        if (stopped) return
        end()
        failed(error)
      }
      allowed().then(() => {
        if (stopped) return
        stop = log.follow(each, failed)
        timer = setInterval(() => void recheck().catch(refused), RECHECK_MS).unref()
        began()
      }, failed)
      return end
    },
    async *export(filter) {
      await allowed()
      yield* log.export(filter)
    },
  }
}

/** The point of the log that the store's last change was made after. */
export async function storeAnchor(context: EngineContext) {
  const row = await context.store.read((rows) => rows.state())
  const { keyring } = context.keys
  return row === undefined
    ? { seq: 0, hash: '' }
    : openState(keyring.stateKey, keyring.storeId, row).anchor
}
