import { isCofferError } from '../core/errors.ts'
import type { SweepReport } from '../core/ports/platform.ts'
import type { HeadRow } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import { canGenerate, generateValue } from '../core/types/generate.ts'
import { encodeValue } from '../core/value.ts'
import { allows } from './access.ts'
import { auditFailure, originFacts } from './audited.ts'
import { BREATHE_EVERY, breathe } from './breathe.ts'
import { purge } from './secrets/changes.ts'
import type { EngineContext, Origin } from './context.ts'
import { tidy } from './identities/tidy.ts'
import { inspect } from './integrity.ts'
import { KEYS } from './keys/holder.ts'
import { rotateWhenDue } from './keys/when-due.ts'
import { isDue } from './secrets/list.ts'
import { addVersion } from './secrets/write.ts'
import { transact } from './transaction.ts'

const CHUNK = 500
const STORE = 'store:data'

/**
 * One pass of the background work: purges what was deleted and is past its recovery window, rotates
 * what is due and may be rotated by Coffer itself, the key that wraps the keys of values among it,
 * removes credentials that ended, prunes the audit log, checks all heads and their digest. Nothing is
 * purged, and no key destroyed, while any of them is not what it was: an attacker's rows decide no
 * deletion. What is wrong with one secret keeps no other from its turn. Only what the actor may list
 * is named in the report; of the rest that failed the number is told.
 */
export async function sweep(context: EngineContext, origin: Origin): Promise<SweepReport> {
  try {
    return await sweepOnce(context, origin)
  } catch (error) {
    await auditFailure(context, origin, { action: 'sweep', resource: STORE }, error)
    throw error
  }
}

async function sweepOnce(context: EngineContext, origin: Origin): Promise<SweepReport> {
  const now = context.clock()
  const { digestOk, problems } = await inspect(context, { values: false })
  const sound = digestOk && problems.length === 0
  const purged: string[] = []
  const rotated: string[] = []
  const due: string[] = []
  const failed: { path: string; code: string }[] = []

  const attempt = async (path: string, work: () => Promise<string[] | undefined>) => {
    try {
      ;(await work())?.push(path)
    } catch (error) {
      if (!isCofferError(error)) throw error
      failed.push({ path, code: error.code })
    }
  }

  for await (const row of allSecrets(context)) {
    const { path } = row
    await attempt(path, async () => {
      const record = context.heads.secret(path, row.head)
      if (isPurgeable(record, now)) {
        return sound && (await purgeNow(context, origin, path, now)) ? purged : undefined
      }
      if (!isDue(record, now)) return undefined
      if (record.rotation?.automatic !== true || !canGenerate(record.type)) return due
      await rotate(context, origin, record)
      return rotated
    })
  }
  if (sound) await tidy(context)
  let keyTerm: number | undefined
  if (sound) {
    await attempt(KEYS, async () => {
      try {
        keyTerm = (await rotateWhenDue(context, origin))?.term
      } catch (error) {
        keyTerm = madeAllTheSame(error)
        throw error
      }
      return undefined
    })
  }
  // Each time: what was erased while a reader held on to it is owed since then.
  await attempt(STORE, () => context.store.scrub().then(() => undefined))
  await context.log.prune(now, origin.actor)
  await context.log.append([
    {
      at: now,
      actor: origin.actor,
      action: 'sweep',
      outcome: sound ? 'allowed' : 'failed',
      resource: STORE,
      ...(sound ? {} : { code: 'corrupt' }),
      reason: `${purged.length} purged, ${rotated.length} rotated, ${due.length} due`,
      ...originFacts(origin),
    },
  ])
  const access = await context.access.load(origin)
  const named = (path: string) =>
    path === STORE ||
    allows(access, { action: path === KEYS ? 'admin' : 'list', path, at: now }).allowed
  return {
    purged: purged.filter(named),
    rotated: rotated.filter(named),
    due: due.filter(named),
    failed: failed.filter(({ path }) => named(path)),
    failedUnnamed: failed.filter(({ path, code }) => code !== 'denied' && !named(path)).length,
    ...(keyTerm !== undefined && named(KEYS) ? { keyTerm } : {}),
    digestOk: sound,
  }
}

/** The new term of a rotation that could not take everything along. */
const madeAllTheSame = (error: unknown): number | undefined =>
  isCofferError(error) && error.details['made'] === true ? Number(error.details['term']) : undefined

const isPurgeable = ({ purgeAt }: SecretRecord, now: number): boolean =>
  purgeAt !== undefined && purgeAt <= now

/** It may have been brought back since it was looked at: asked again where nobody can be between. */
const purgeNow = (context: EngineContext, origin: Origin, path: string, now: number) =>
  transact(context, origin, { action: 'purge', resource: path }, async (tx) => {
    const record = await tx.secret(path)
    if (record === undefined || !isPurgeable(record, now)) return false
    await purge(tx, path)
    return true
  })

/** Refused as a conflict when somebody changed it since it was found to be due. */
const rotate = (context: EngineContext, origin: Origin, { path, revision }: SecretRecord) =>
  transact(context, origin, { action: 'rotate', resource: path }, (tx) =>
    addVersion(tx, context, origin, path, {
      action: 'rotate',
      ifRevision: revision,
      value: ({ type }) => encodeValue(generateValue(type, {}, context.random)),
    }),
  )

async function* allSecrets(context: EngineContext): AsyncGenerator<HeadRow> {
  for (let after: string | undefined; ;) {
    const position = after === undefined ? {} : { after }
    const chunk = await context.store.read((rows) =>
      rows.heads({ kind: 'secret', limit: CHUNK, ...position }),
    )
    for (const [at, row] of chunk.entries()) {
      yield row
      if (at % BREATHE_EVERY === 0) await breathe()
    }
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < CHUNK) return
  }
}
