import { isCofferError } from '../core/errors.ts'
import type { AuditReport } from '../core/ports/coffer.ts'
import type { DoctorReport, Progress } from '../core/ports/platform.ts'
import { activeTerm } from '../crypto/keyring.ts'
import { auditAllowed } from './audited.ts'
import { storeAnchor } from './audit-reader.ts'
import type { EngineContext, Origin } from './context.ts'
import { inspect } from './integrity.ts'
import { dueAt, isAhead, readSchedule } from './keys/schedule.ts'

export type DoctorCheck = DoctorReport['checks'][number]

/** A check of the surroundings that only the composition can make: file modes, free space. */
export type OutsideCheck = () => Promise<DoctorCheck>

/** Looks at everything, changes nothing but the log, and reports all findings at once. */
export async function doctor(
  context: EngineContext,
  origin: Origin,
  outside: readonly OutsideCheck[],
  progress: Progress | undefined,
): Promise<DoctorReport> {
  const checks: DoctorCheck[] = []
  for (const check of outside) checks.push(await outsideCheck(check))
  checks.push(await rowsCheck(context, progress))
  checks.push(await keyRotationCheck(context))
  checks.push(await outboxCheck(context))
  checks.push(await gateCheck(context, origin))
  const { check, audit } = await auditCheck(context, progress)
  checks.push(check)
  return { ok: checks.every((made) => made.ok), checks, audit }
}

/** The world outside throws errors of its own: that something cannot be looked at is a finding. */
async function outsideCheck(check: OutsideCheck): Promise<DoctorCheck> {
  try {
    return await check()
  } catch (error) {
    if (isCofferError(error)) return failedCheck('surroundings', error)
    const detail = 'something that should be there cannot be looked at'
    return { name: 'surroundings', ok: false, detail, code: 'store_unavailable' }
  }
}

/** Law 2 refuses every read while the log takes no event: found by leaving one. */
async function gateCheck(context: EngineContext, origin: Origin): Promise<DoctorCheck> {
  const name = 'audited reads'
  try {
    await auditAllowed(context, origin, 'describe', 'store:data')
    return { name, ok: true, detail: 'the log and its sinks take events' }
  } catch (error) {
    return failedCheck(name, error)
  }
}

async function auditCheck(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<{ readonly check: DoctorCheck; readonly audit?: AuditReport }> {
  const name = 'audit log'
  try {
    const audit = await context.log.verify({ anchor: await storeAnchor(context), progress })
    const { ok, events, segments, problem } = audit
    const check = {
      name,
      ok,
      detail: ok
        ? `${events} events in ${segments} segments`
        : `entry ${problem?.seq ?? '?'}: ${problem?.what ?? 'unknown'}`,
      ...(ok ? {} : { code: 'audit_tampered', remedy: 'See docs/runbooks/audit.md.' }),
    }
    return { check, audit }
  } catch (error) {
    return { check: failedCheck(name, error) }
  }
}

async function rowsCheck(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<DoctorCheck> {
  try {
    const { heads, versions, problems, digestOk } = await inspect(context, {
      values: true,
      progress,
    })
    const found = problems.map(({ name, what }) => `${name}: ${what}`)
    if (!digestOk) found.push('rows were put back, removed or exchanged behind our back')
    return {
      name: 'secrets and keys',
      ok: found.length === 0,
      detail:
        found.length === 0
          ? `${heads} heads and ${versions} values are authentic and complete`
          : found.slice(0, 10).join('; '),
      ...(found.length === 0
        ? {}
        : { code: 'corrupt', remedy: 'Keep the files as evidence; see docs/runbooks/damage.md.' }),
    }
  } catch (error) {
    return failedCheck('secrets and keys', error)
  }
}

/** A key that is older than it should be opens everything as before: it is told, and no alarm. */
async function keyRotationCheck(context: EngineContext): Promise<DoctorCheck> {
  const name = 'key rotation'
  try {
    const { everyDays } = await readSchedule(context)
    const active = activeTerm(context.keys.keyring)
    const due = everyDays === undefined ? Infinity : dueAt(active, everyDays)
    const now = context.clock()
    const next =
      due === Infinity
        ? 'the next one only by `coffer key rotate`'
        : isAhead(active, now)
          ? `made on ${dayOf(active.createdAt)} by a clock that was ahead: ${BY_SWEEP}`
          : due > now
            ? `the next one on ${dayOf(due)}`
            : `overdue since ${dayOf(due)}: ${BY_SWEEP}`
    return { name, ok: true, detail: `term ${active.term}, ${next}` }
  } catch (error) {
    return failedCheck(name, error)
  }
}

const BY_SWEEP = '`coffer sweep` makes the next one, from cron where no process stays'

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

async function outboxCheck(context: EngineContext): Promise<DoctorCheck> {
  const name = 'store and log'
  try {
    const known = context.witness.known()
    const generation = Math.max(known, (await context.log.refresh()).generation)
    const stored = await context.store.read(async (rows) => (await rows.state())?.generation ?? 0)
    const ok = stored >= generation
    return {
      name,
      ok,
      detail: `store at generation ${stored}, log at ${generation}`,
      ...(ok ? {} : { code: 'store_rolled_back' }),
    }
  } catch (error) {
    return failedCheck(name, error)
  }
}

function failedCheck(name: string, error: unknown): DoctorCheck {
  if (!isCofferError(error)) throw error
  return { name, ok: false, detail: error.message, code: error.code, remedy: error.remedy }
}
