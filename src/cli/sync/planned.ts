import type { PlanItem, PlanOptions, PlanReason, SyncPlan } from '../../compose/sync.ts'
import { CofferError, describeError, ERRORS } from '../../core/errors.ts'
import { usage } from '../parse.ts'
import type { Session } from '../session.ts'
import type { Style } from '../table.ts'
import type { Place, Syncing } from './open.ts'

/** A place with its plan, or why there is none. */
export interface Planned extends Place {
  readonly plan?: SyncPlan | undefined
}

/** One after the other, so that they say the same each time. */
export async function planAll(
  { places, world }: Syncing,
  options: PlanOptions,
): Promise<readonly Planned[]> {
  const { planSync } = await import('../../compose/sync.ts')
  const planned: Planned[] = []
  for (const place of places) {
    if (place.target === undefined) {
      planned.push(place)
      continue
    }
    try {
      planned.push({ ...place, plan: await planSync(place.target, world, options) })
    } catch (error) {
      planned.push({ ...place, error })
    }
  }
  return planned
}

/** `--adopt` and `--adopt-all`. */
export const adoptionOf = (options: {
  readonly adopt: readonly string[]
  readonly 'adopt-all': boolean
}): PlanOptions => ({ adopt: options['adopt-all'] ? 'all' : new Set(options.adopt) })

/** @throws CofferError `invalid_argument` for a name to be taken over that is in no plan */
export function checkAdopted(planned: readonly Planned[], names: readonly string[]): void {
  if (planned.some(({ plan }) => plan === undefined)) return
  const known = new Set(planned.flatMap(({ plan }) => plan?.items.map(({ name }) => name) ?? []))
  const unknown = names.find((name) => !known.has(name))
  if (unknown === undefined) return
  throw usage(
    `There is no entry ${unknown} to take over.`,
    'Names are as `coffer sync plan` has them.',
  )
}

/** What a person should know of the places, a sentence each. */
export const warningsOf = (planned: readonly Planned[]): readonly string[] =>
  planned.flatMap(({ plan }) => plan?.warnings ?? [])

/** What `--json` prints of plans. */
export const planDocument = (planned: readonly Planned[]) =>
  planned.map(({ title, plan, error }) => ({
    destination: title,
    ...(plan === undefined ? {} : { items: plan.items.map(itemDocument) }),
    ...(plan?.owed === true ? { owed: true } : {}),
    ...(plan === undefined || plan.warnings.length === 0 ? {} : { warnings: plan.warnings }),
    ...(error === undefined ? {} : { error: describeError(error) }),
  }))

/** Plans are kept, and shown in logs of pipelines: how long a value is says something of it. */
const itemDocument = (item: PlanItem) => ({ ...item, bytes: undefined })

/** The plan as a person reads it, and as two of them are compared: no values, no instants. */
export async function showPlans(session: Session, planned: readonly Planned[]): Promise<void> {
  const { isEmptying } = await import('../../compose/sync.ts')
  for (const [i, { title, plan, error }] of planned.entries()) {
    if (i > 0) session.out.line('')
    session.out.line(title)
    if (error !== undefined) {
      const { message, remedy } = describeError(error)
      session.out.line(`! ${message}`)
      session.out.note(`try: ${remedy}`)
    }
    if (plan === undefined) continue
    const shown = plan.items.filter(({ action }) => action !== 'unchanged')
    await session.out.table(shown, [
      { title: '', cell: ({ action }) => SIGNS[action], style: ({ action }) => STYLES[action] },
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'SECRET', cell: ({ path }) => path },
      { title: 'VERSION', cell: ({ version }) => version, align: 'right' },
      { title: 'WHAT', cell: ({ action }) => action, style: ({ action }) => STYLES[action] },
      { title: 'WHY', cell: ({ message, reason }) => message ?? whyOf(reason) },
    ])
    session.out.line(summaryOf(plan.items))
    if (plan.owed) session.out.line(OWED)
    for (const warning of plan.warnings) session.out.warn(warning)
    if (isEmptying(plan.items)) session.out.note(EMPTYING)
    for (const remedy of new Set(shown.map((item) => item.remedy))) {
      if (remedy !== undefined) session.out.note(`try: ${remedy}`)
    }
  }
}

/** As `destination.finish` has it. */
const OWED = '~ What is to follow a delivery (a restart, a deploy) was not done: it is tried again.'
const EMPTYING =
  'Nothing is declared for it any more: apply takes away all that is ours there with --allow-empty only.'

/** `2 to create, 1 refused, 5 unchanged`. */
function summaryOf(items: readonly PlanItem[]): string {
  const parts = Object.entries(COUNTED).flatMap(([action, words]) => {
    const count = items.filter((item) => item.action === action).length
    return count === 0 ? [] : [`${count} ${words}`]
  })
  return parts.join(', ') || 'Nothing is delivered here.'
}

/** 0, or 1 where something was refused; a place that could not be looked at has its error's code. */
export function exitOf(planned: readonly Planned[]): number {
  const broken = planned.find(({ error }) => error !== undefined)
  if (broken !== undefined) return exitOfError(broken.error)
  const refused = planned.some(({ plan }) => plan?.items.some(isRefused))
  return refused ? ERRORS.check_failed.exit : 0
}

export const exitOfError = (error: unknown): number =>
  error instanceof CofferError ? error.exitCode : ERRORS.internal.exit

const isRefused = ({ action }: PlanItem): boolean => action === 'refused'

const SIGNS: Record<PlanItem['action'], string> = {
  create: '+',
  adopt: '+',
  update: '~',
  drifted: '~',
  delete: '-',
  forget: '-',
  refused: '!',
  unchanged: ' ',
}
const STYLES: Partial<Record<PlanItem['action'], Style>> = {
  create: 'green',
  adopt: 'yellow',
  update: 'yellow',
  drifted: 'yellow',
  delete: 'red',
  refused: 'red',
}
const COUNTED: Record<PlanItem['action'], string> = {
  create: 'to create',
  update: 'to update',
  adopt: 'to take over',
  drifted: 'changed there, to overwrite',
  delete: 'to delete',
  forget: 'to forget',
  refused: 'refused',
  unchanged: 'unchanged',
}
const WHY: Readonly<Record<PlanReason, string>> = {
  new: 'it is not there yet',
  vanished: 'it was there, and is gone',
  in_step: 'it is as it should be',
  changed: 'its value is another',
  changed_there: 'somebody changed it there',
  unfinished: 'the last sync was cut off',
  not_declared: 'it is no longer declared',
  not_ours: 'somebody else made it',
  not_in_ledger: 'it has our mark, and is not in the ledger',
  mark_gone: 'our mark is gone from it',
  owned_by_other: 'another environment or project owns it',
}

const whyOf = (reason: string): string =>
  Object.hasOwn(WHY, reason) ? WHY[reason as PlanReason] : reason
