import { isCofferError } from '../core/errors.ts'
import type { Jobs } from '../core/ports/jobs.ts'
import type { HeadRow } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import { SYSTEM_ACTOR } from './access.ts'
import { breathe } from './breathe.ts'
import type { Shared } from './coffer.ts'
import { createCoffer } from './coffer.ts'
import type { EngineContext } from './context.ts'
import { refuseOlder } from './witness.ts'

const CHUNK = 500

/** See `Jobs`. Between chunks, requests have their turn. */
export function createJobs(context: EngineContext, shared: Shared): Jobs {
  return {
    lease: (name, holder, ttlMs) => context.store.lease(name, holder, context.clock(), ttlMs),
    generation: () => generationOf(context),
    secretsWith: (text) => secretsWith(context, text),
    coffer: (via) => createCoffer(context, shared, { actor: SYSTEM_ACTOR, via }),
  }
}

/** @throws `store_rolled_back` */
async function generationOf(context: EngineContext): Promise<number> {
  const known = context.witness.known()
  const state = await context.store.read((rows) => rows.state())
  const generation = state?.generation ?? 0
  refuseOlder(generation, known)
  return generation
}

async function* secretsWith(context: EngineContext, text: string): AsyncGenerator<SecretRecord> {
  const bytes = Buffer.from(text)
  for (let after: string | undefined; ;) {
    const position = after === undefined ? {} : { after }
    const chunk = await context.store.read((rows) =>
      rows.heads({ kind: 'secret', limit: CHUNK, ...position }),
    )
    for (const row of chunk) {
      if (!Buffer.from(row.head.buffer, row.head.byteOffset, row.head.length).includes(bytes)) {
        continue
      }
      const record = sound(context, row)
      if (record !== undefined && record.deletedAt === undefined) yield record
    }
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < CHUNK) return
    await breathe()
  }
}

/** What is wrong with one secret is found by the sweep, and keeps no other from its turn. */
function sound(context: EngineContext, { path, head }: HeadRow): SecretRecord | undefined {
  try {
    return context.heads.secret(path, head)
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return undefined
    throw error
  }
}
